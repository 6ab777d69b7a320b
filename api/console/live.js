// The live stream, and whether it can be trusted: a page that hears nothing must say so.

const STREAM = "/api/v1/stream";
const SILENCE = 12_000;
const RETRY = 3_000;
const LOOK = 1_000;

export class Live {
  /** What was last heard of Vaka's clock; null before the first time. */
  now = null;
  connected = false;
  /** Whether this connection has told yet that the pipeline is well, or is not. */
  checked = false;
  /** Since when (Vaka's clock) the pipeline is behind, and why; null when it is not. */
  behind = null;

  #handlers;
  #source = null;
  #timer = null;
  #heard = 0;
  #tried = 0;

  /** `handlers`: hello() at each connection, change(entry) of an alarm, device(device) that has
   * changed, where it is wanted, pulse() every few seconds while all is well,
   * lost() when it is not, refused() when the server declined the stream. */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  start() {
    this.#open();
    this.#timer = setInterval(() => this.#look(), LOOK);
  }

  stop() {
    clearInterval(this.#timer);
    this.#source.close();
    this.connected = this.checked = false;
  }

  #open() {
    this.#source?.close();
    this.#tried = Date.now();
    const source = new EventSource(STREAM);
    this.#source = source;
    source.onerror = () => this.#lose();
    source.addEventListener("hello", (message) => {
      this.#hear(JSON.parse(message.data).now);
      this.#handlers.hello();
    });
    source.addEventListener("pulse", (message) => this.#judge(JSON.parse(message.data)));
    source.addEventListener("alarm", (message) => this.#handlers.change(JSON.parse(message.data)));
    source.addEventListener("device", (message) => this.#handlers.device?.(JSON.parse(message.data)));
  }

  #hear(now) {
    this.#heard = Date.now();
    this.now = now;
    this.connected = true;
  }

  #judge(pulse) {
    this.checked = true;
    this.behind = pulse.behind ? { since: this.behind?.since ?? pulse.now, detail: pulse.detail } : null;
    this.#hear(pulse.now);
    this.#handlers.pulse();
  }

  #lose() {
    this.connected = this.checked = false;
    this.#handlers.lost();
    if (this.#source.readyState === EventSource.CLOSED) this.#handlers.refused();
  }

  /** Once a second. A connection can be dead without any error; and the browser gives up after one that was refused. */
  #look() {
    const lost = !isWithin(this.#heard, SILENCE);
    if (lost && this.connected) this.#lose();
    const patience = this.#source.readyState === EventSource.CLOSED ? RETRY : SILENCE;
    if (!this.connected && !isWithin(this.#tried, patience)) this.#open();
  }
}

/** A clock that was set back proves nothing, so it counts as too long ago. */
function isWithin(time, length) {
  const passed = Date.now() - time;
  return passed >= 0 && passed <= length;
}
