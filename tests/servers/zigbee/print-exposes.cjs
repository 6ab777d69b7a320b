// Prints one JSON line for each model: {"vendor", "model", "description", "exposes"}, in the library's own order.
const fs = require("node:fs");
const path = require("node:path");
const library = require("zigbee-herdsman-converters");

const folder = path.join(path.dirname(require.resolve("zigbee-herdsman-converters")), "devices");
const files = fs.readdirSync(folder).filter((name) => name.endsWith(".js") && name !== "index.js").sort();

for (const file of files) {
    for (const definition of require(path.join(folder, file)).definitions) {
        const { vendor, model, description, exposes } = library.prepareDefinition({ ...definition });
        // Some exposes depend on how a device is configured: then those of a device that tells nothing of itself.
        const shown = typeof exposes === "function" ? exposes({ isDummyDevice: true }, {}) : exposes;
        console.log(JSON.stringify({ vendor, model, description, exposes: shown }));
    }
}
