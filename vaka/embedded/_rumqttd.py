"""The broker of the `iotcore` wheel as a process of its own: `python -m vaka.embedded._rumqttd CONFIG`.

Unlike `iotcore._serve` it does not end with the process that started it, so that a killed Vaka finds its queue again.
"""

import logging
import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec


def main() -> None:
    """Only the native module is loaded: the package around it would cost 12 MB more."""
    package = find_spec("iotcore")
    assert package is not None
    native = PathFinder.find_spec("iotcore.iotcore", package.submodule_search_locations)
    assert native is not None
    assert native.loader is not None
    module = module_from_spec(native)
    native.loader.exec_module(module)
    # rumqttd reports every packet at the level of errors.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    module.IotCoreBroker(config_path=sys.argv[1]).run_forever()


if __name__ == "__main__":
    main()
