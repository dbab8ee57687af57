// What fills a frame: a hue for each module, a red for own time, red and blue for what grew and shrank.

function unitHash(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 13;
  return (hash >>> 0) / 4294967296;
}

class Colors {
  constructor(model) {
    this.model = model;
    this.mode = 'module';
    this.isDark = false;
    this.reset();
    const most = (column) => column.reduce((a, b) => Math.max(a, b), 0);
    this.mostOwn = Math.max(most(model.after.own.subarray(0, model.listed)), 1);
    this.mostChange = 1;
    if (model.about.comparison) {
      const [before, after] = model.tree.widths;
      for (let node = 1; node < model.tree.count; node++) {
        this.mostChange = Math.max(this.mostChange, Math.abs(after[node] - before[node]));
      }
    }
  }

  reset() {
    this.cache = new Map();
  }

  set(mode, isDark) {
    this.mode = mode;
    this.isDark = isDark;
    this.reset();
  }

  // Words of the theme for what is drawn around the frames.
  get text() { return this.isDark ? '#eef1f5' : '#1b2027'; }
  get faint() { return this.isDark ? '#262b33' : '#eceef1'; }
  get faintText() { return this.isDark ? '#7c8694' : '#8a939e'; }
  get line() { return this.isDark ? '#14171c' : '#ffffff'; }
  get chosen() { return this.isDark ? '#ffffff' : '#10151c'; }
  get found() { return this.isDark ? '#b0379f' : '#f08be0'; }
  get edge() { return this.isDark ? '#5b6573' : '#a9b2be'; }
  get marked() { return this.isDark ? '#82b1ff' : '#1f5fbf'; }
  get sliver() { return this.isDark ? '#3b424d' : '#c9ced6'; }

  fill(tree, node) {
    const fn = tree.fn[node];
    if (fn >= 0 && this.mode === 'change' && tree.widths.length === 2) return this.change(tree, node);
    // The whole, and in the view of files modules and files.
    if (fn < 0 || fn >= this.model.count) return this.isDark ? '#2e343d' : '#dfe3e9';
    const isSure = tree.mark[node] === MARK.exact;
    const key = fn * 2 + (isSure ? 1 : 0);
    let color = this.cache.get(key);
    if (!color) {
      color = this.mode === 'own' ? this.own(fn) : this.module(fn, isSure);
      this.cache.set(key, color);
    }
    return color;
  }

  module(fn, isSure) {
    const { kind, texts, name, packageText } = this.model;
    const grey = kind[fn] === KIND.builtin || kind[fn] === KIND.synthetic;
    const group = kind[fn] === KIND.label ? texts[name[fn]] : texts[packageText[fn]];
    const hue = Math.round(unitHash(group) * 360);
    const shade = unitHash(texts[name[fn]]) * 8 - 4;
    const saturation = (grey ? 7 : 62) * (isSure ? 1 : 0.8);
    const lightness = this.isDark ? (isSure ? 38 : 33) : isSure ? 72 : 79;
    return `hsl(${grey ? 215 : hue} ${saturation.toFixed(0)}% ${(lightness + shade).toFixed(1)}%)`;
  }

  own(fn) {
    // The root makes small shares visible beside one large one.
    const share = Math.sqrt(this.model.after.own[fn] / this.mostOwn);
    return this.isDark
      ? `hsl(12 ${(10 + 62 * share).toFixed(0)}% ${(22 + 22 * share).toFixed(1)}%)`
      : `hsl(12 ${(30 + 55 * share).toFixed(0)}% ${(93 - 31 * share).toFixed(1)}%)`;
  }

  change(tree, node) {
    return this.grown(tree.widths[1][node] - tree.widths[0][node]);
  }

  grown(change) {
    const share = Math.min(1, Math.sqrt(Math.abs(change) / this.mostChange));
    if (share < 0.02) return this.isDark ? '#333a44' : '#e6e9ed';
    const hue = change > 0 ? 8 : 214;
    return this.isDark
      ? `hsl(${hue} ${(15 + 50 * share).toFixed(0)}% ${(24 + 20 * share).toFixed(1)}%)`
      : `hsl(${hue} ${(35 + 50 * share).toFixed(0)}% ${(92 - 28 * share).toFixed(1)}%)`;
  }
}
