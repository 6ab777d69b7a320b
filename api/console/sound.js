// The alarm sound: made here, played in a loop by the browser itself, so that no timer of a page in the background
// can be late with it.

const NOTES = {
  1: { tones: [880, 1175, 880, 1175, 880, 1175], length: 0.16, gap: 0.05, pause: 0.7, volume: 0.8 },
  2: { tones: [587, 784], length: 0.3, gap: 0.1, pause: 2.5, volume: 0.6 },
};
const EDGE = 0.01;

export class Sound {
  #context = null;
  #playing = null;
  #priority = null;
  #onChange;

  /** `onChange` is called when the browser begins or ceases to let this page sound. */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** Must be called while the person presses something: browsers let no page sound by itself. */
  enable() {
    if (this.#context === null) {
      this.#context = new AudioContext();
      this.#context.onstatechange = () => this.#onChange();
      this.ring(this.#priority);
    }
    this.#context.resume();
  }

  get isOn() {
    return this.#context?.state === "running";
  }

  /** Sounds for alarms of `priority` (1 or 2) until it is called with another one, or null for silence. */
  ring(priority) {
    if (priority === this.#priority && (this.#playing !== null || priority === null)) return;
    this.#priority = priority;
    this.#playing?.stop();
    this.#playing = priority === null ? null : this.#play(priority, true);
  }

  /** Sounds once, as for care. */
  chime() {
    this.#play(2, false);
  }

  #play(priority, loop) {
    if (this.#context === null) return null;
    const source = this.#context.createBufferSource();
    source.buffer = melody(this.#context, NOTES[priority]);
    source.loop = loop;
    source.connect(this.#context.destination);
    source.start();
    return source;
  }
}

function melody(context, { tones, length, gap, pause, volume }) {
  const rate = context.sampleRate;
  const seconds = tones.length * (length + gap) + pause;
  const buffer = context.createBuffer(1, Math.ceil(seconds * rate), rate);
  const samples = buffer.getChannelData(0);
  tones.forEach((tone, place) => {
    const first = Math.floor(place * (length + gap) * rate);
    for (let sample = 0; sample < length * rate; sample++) {
      const time = sample / rate;
      // A soft beginning and end, for a tone that is cut off clicks; the overtone carries through a pocket.
      const edge = Math.min(1, time / EDGE, (length - time) / EDGE);
      const wave = Math.sin(2 * Math.PI * tone * time) + 0.4 * Math.sin(4 * Math.PI * tone * time);
      samples[first + sample] = (volume * edge * wave) / 1.4;
    }
  });
  return buffer;
}
