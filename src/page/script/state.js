// What is to be seen, as a link: #view=squares&fn=...&at=...&q=...

const VIEWS = ['icicle', 'flame', 'sunburst', 'squares', 'sandwich', 'graph', 'reverse', 'files', 'table'];

// Views on the same tree share the root of their zoom.
function rootKey(view) {
  return { reverse: 'reverseRoot', files: 'filesRoot' }[view] || 'root';
}

// The others show a whole, or one function.
function zoomsIn(view) {
  return !['sandwich', 'graph', 'table'].includes(view);
}

// Shares in percent that a function must have to be in the graph.
const SHARES = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20];

const START = {
  view: 'icicle', fn: -1, node: -1, root: 0, reverseRoot: 0, filesRoot: 0, q: '', only: '', color: 'module', sort: 'own', up: false, side: 1,
  least: 2,
};

// Two hashes as one number of 53 bits: with one of 32 bits two of 100,000 functions would share a link.
function hash53(text, from) {
  let a = from ^ 0x811c9dc5;
  let b = from ^ 0x1b873593;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
  }
  return ((a ^ (a >>> 15)) >>> 0) * 2097152 + ((b ^ (b >>> 13)) >>> 11);
}

class Links {
  constructor(model, words) {
    Object.assign(this, { model, words });
    this.known = new Map();
  }

  ofFunction(fn) {
    if (fn < 0) return 0;
    let link = this.known.get(fn);
    if (link === undefined) {
      link = hash53(`${this.words.name(fn)} ${this.words.path(fn)}`, 0);
      this.known.set(fn, link);
    }
    return link;
  }

  // A path is hashed step by step, so that it means the same in another profile, too.
  ofNode(tree, node) {
    let link = 0;
    for (const step of tree.path(node).slice(1)) link = hash53(this.ofFunction(tree.fn[step]).toString(36), link % 4294967296);
    return link.toString(36);
  }

  nodeOf(tree, wanted) {
    const links = new Float64Array(tree.count);
    for (let node = 1; node < tree.count; node++) {
      const link = hash53(this.ofFunction(tree.fn[node]).toString(36), links[tree.parent[node]] % 4294967296);
      links[node] = link;
      if (link.toString(36) === wanted) return node;
    }
    return 0;
  }

  functionOf(wanted) {
    for (let fn = 0; fn < this.model.count; fn++) if (this.ofFunction(fn).toString(36) === wanted) return fn;
    return -1;
  }

  write(state, chart) {
    const parts = [];
    const add = (key, value) => parts.push(`${key}=${encodeURIComponent(value)}`);
    if (state.view !== START.view) add('view', state.view);
    if (state.fn >= 0) add('fn', this.ofFunction(state.fn).toString(36));
    const root = state[rootKey(state.view)];
    if (root > 0 && zoomsIn(state.view)) add('at', this.ofNode(chart.tree, root));
    if (state.q) add('q', state.q);
    if (state.only) add('only', state.only[0] + this.model.texts[Number(state.only.slice(1)) - (state.only[0] === 'f' ? 1 : 0)]);
    if (state.color !== START.color) add('color', state.color);
    if (state.sort !== START.sort || state.up) add('sort', (state.up ? '-' : '') + state.sort);
    if (state.side !== START.side) add('side', state.side);
    if (state.least !== START.least) add('least', state.least);
    return parts.join('&');
  }

  // Unknown parts are left out: a link may be older than the profile.
  read(hash, treeOf) {
    const state = { ...START };
    for (const part of hash.replace(/^#/, '').split('&')) {
      const [key, text = ''] = part.split('=');
      let value;
      try {
        value = decodeURIComponent(text);
      } catch {
        continue;
      }
      if (key === 'view' && VIEWS.includes(value)) state.view = value;
      else if (key === 'fn') state.fn = this.functionOf(value);
      else if (key === 'at') state.at = value;
      else if (key === 'q') state.q = value;
      else if (key === 'only') state.only = this.onlyOf(value);
      else if (key === 'color' && ['module', 'own', 'change'].includes(value)) state.color = value;
      else if (key === 'sort') [state.sort, state.up] = [value.replace(/^-/, ''), value[0] === '-'];
      else if (key === 'side' && this.model.about.comparison) state.side = value === '0' ? 0 : 1;
      else if (key === 'least' && SHARES.includes(Number(value))) state.least = Number(value);
    }
    if (state.at && zoomsIn(state.view)) state[rootKey(state.view)] = this.nodeOf(treeOf(state.view), state.at);
    delete state.at;
    return state;
  }

  onlyOf(text) {
    const { model } = this;
    const [kind, name] = [text[0], text.slice(1)];
    const column = kind === 'm' ? model.packageText : kind === 'f' ? model.file : null;
    if (!column) return '';
    const offset = kind === 'f' ? 1 : 0;
    const fn = column.findIndex((key) => key >= offset && model.texts[key - offset] === name);
    return fn < 0 ? '' : kind + column[fn];
  }
}
