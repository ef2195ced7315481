// How loud a media stream is, drawn as five bars while it lasts.

const SILENT_DB = -55;
const RANGE_DB = 50;

export class Level {
  constructor(meter) {
    this.meter = meter;
  }

  /** Follow the sound of a stream; it is only looked at, not played. */
  follow(context, stream) {
    if (!this.meter || !stream.getAudioTracks().length) return;
    this.stop();
    this.source = context.createMediaStreamSource(stream);
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    this.source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.meter.classList.remove("off");
    this.timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.draw(Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length));
    }, 80);
  }

  draw(level) {
    const decibels = 20 * Math.log10(Math.max(level, 1e-5));
    const height = Math.min(1, Math.max(0, (decibels - SILENT_DB) / RANGE_DB));
    [...this.meter.children].forEach((bar, at) => {
      bar.style.setProperty("--level", Math.max(0.08, height * (1 - 0.22 * Math.abs(at - 2))).toFixed(2));
    });
  }

  stop() {
    clearInterval(this.timer);
    this.source?.disconnect();
    this.source = undefined;
    this.meter?.classList.add("off");
    if (this.meter) this.draw(0);
  }
}
