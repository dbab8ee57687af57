// Functions as nodes and calls as edges. Of a chosen function: all that is above and below it, with the weight of what
// ran while it ran; else of the whole program. The weights are those of the stacks, as in the other views.

const GRAPH = { nodes: 150, edges: 400 };

// For each function and each call the weight of the stacks they are in, each stack counted once whatever recurs in it.
function gather(tree, fn, count) {
  const sides = tree.widths;
  const seeds = fn < 0 ? null : outermost(tree, fn).members;
  // Of what is above a place of the function counts only what of it leads there.
  const inside = seeds && sides.map((width) => {
    const sums = new Float64Array(tree.count);
    for (const seed of seeds) sums[seed] = width[seed];
    for (let node = tree.count - 1; node > 0; node--) sums[tree.parent[node]] += sums[node];
    return sums;
  });
  const made = {
    weights: sides.map(() => new Float64Array(count)),
    own: sides.map(() => new Float64Array(count)),
    isEstimate: new Uint8Array(count),
    edges: new Map(),
    totals: seeds ? inside.map((sums) => sums[0]) : sides.map((width) => width[0]),
  };
  const onPath = new Int32Array(count);
  const path = [];
  const leave = () => {
    const [node, edge] = path.pop();
    onPath[tree.fn[node]]--;
    if (edge) edge.onPath--;
  };
  let nextSeed = 0;
  let seedEnd = seeds ? 0 : tree.count;
  for (let node = 1; node < tree.count;) {
    while (path.length && path[path.length - 1][0] !== tree.parent[node]) leave();
    // What has no weight was passed over, with all places in it.
    while (seeds && seeds[nextSeed] < node) nextSeed++;
    if (seeds && seeds[nextSeed] === node) seedEnd = tree.end[node];
    const isBelow = node < seedEnd;
    const columns = isBelow ? sides : inside;
    if (!columns.some((column) => column[node] > 0)) {
      node = tree.end[node];
      continue;
    }
    const callee = tree.fn[node];
    if (onPath[callee]++ === 0) columns.forEach((column, side) => (made.weights[side][callee] += column[node]));
    if (isBelow) sides.forEach((_, side) => (made.own[side][callee] += tree.own[side][node]));
    if (tree.mark[node] !== MARK.exact) made.isEstimate[callee] = 1;
    let edge = null;
    if (path.length) {
      const caller = tree.fn[tree.parent[node]];
      const key = caller * count + callee;
      edge = made.edges.get(key);
      if (!edge) {
        edge = { caller, callee, weights: sides.map(() => 0), onPath: 0 };
        made.edges.set(key, edge);
      }
      if (edge.onPath++ === 0) columns.forEach((column, side) => (edge.weights[side] += column[node]));
    }
    path.push([node, edge]);
    node++;
  }
  return made;
}

// The part of it that is drawn, with the names that a Tree has, so that frames and nodes are described alike. Node 0 is
// the whole; `least` is a share of it that a function must have, and a fifth of that is asked of an edge.
class CallGraph {
  constructor(model, fn, least) {
    const { count, kind, edges } = model;
    const all = gather(model.tree, fn, count);
    const sides = all.weights.length;
    const most = (weights) => Math.max(...weights);
    const weightOf = (one) => most(all.weights.map((column) => column[one]));
    const total = most(all.totals);
    const wanted = [];
    this.leftOut = 0;
    for (let one = 0; one < count; one++) {
      const weight = weightOf(one);
      if (!(weight > 0)) continue;
      if (one === fn || (weight >= least * total && kind[one] !== KIND.synthetic)) wanted.push(one);
      else this.leftOut++;
    }
    wanted.sort((a, b) => (b === fn) - (a === fn) || weightOf(b) - weightOf(a) || a - b);
    // Of those that are large enough.
    this.beyond = Math.max(0, wanted.length - GRAPH.nodes);
    wanted.length = Math.min(wanted.length, GRAPH.nodes);
    this.count = wanted.length + 1;
    this.centre = fn < 0 ? -1 : 1;
    this.fn = Int32Array.from([-1, ...wanted]);
    const column = (totals, values) => Float64Array.from([totals, ...wanted.map((one) => values[one])]);
    this.widths = all.weights.map((values, side) => column(all.totals[side], values));
    this.own = all.own.map((values) => column(0, values));
    this.mark = Uint8Array.from([MARK.exact, ...wanted.map((one) => (all.isEstimate[one] ? MARK.estimate : MARK.exact))]);
    const nodeOf = new Map(wanted.map((one, at) => [one, at + 1]));
    this.edges = [];
    this.recurs = new Uint8Array(this.count);
    for (const { caller, callee, weights } of all.edges.values()) {
      const [from, to] = [nodeOf.get(caller), nodeOf.get(callee)];
      if (!from || !to) continue;
      if (from === to) {
        this.recurs[from] = 1;
        continue;
      }
      const weight = most(weights);
      if (weight >= (least / 5) * total) this.edges.push({ from, to, weight, weights });
    }
    this.edges.sort((a, b) => b.weight - a.weight || a.from - b.from || a.to - b.to);
    this.edges.length = Math.min(this.edges.length, GRAPH.edges);
    // The calls of the dump are all calls between two functions: so many belong here only where nothing is left aside.
    if (model.about.counts === 'calls') {
      for (const edge of this.edges) {
        if (fn < 0 || edge.from === 1 || edge.to === 1) edge.calls = callsBetween(edges, this.fn[edge.from], this.fn[edge.to]);
      }
    }
    this.lay(sides - 1);
    Object.assign(this, layered(this.count, this.edges));
    this.parent = Int32Array.from({ length: this.count }, () => -1);
    this.callers = new Int32Array(this.count);
    this.callees = new Int32Array(this.count);
    for (const edge of this.edges) {
      this.callers[edge.to]++;
      this.callees[edge.from]++;
      if (this.parent[edge.to] < 0 && !edge.isBack) this.parent[edge.to] = edge.from;
    }
  }

  lay(side) {
    this.side = Math.min(side, this.widths.length - 1);
    this.width = this.widths[this.side];
  }

  // The callee that takes most, as of a frame.
  widestChild(node) {
    const edge = this.edges.find((edge) => edge.from === node && !edge.isBack);
    return edge ? edge.to : -1;
  }

  // The next one of the same row.
  beside(node, direction) {
    let best = -1;
    for (let other = 1; other < this.count; other++) {
      if (this.y[other] !== this.y[node] || (this.x[other] - this.x[node]) * direction <= 0) continue;
      if (best < 0 || (this.x[other] - this.x[best]) * direction < 0) best = other;
    }
    return best;
  }
}

// Before and after; of one profile both are the same.
function callsBetween(edges, caller, callee) {
  for (let edge = edges.callerStart[callee]; edge < edges.callerStart[callee + 1]; edge++) {
    if (edges.caller[edge] === caller) return [edges.before.total[edge], edges.after.total[edge]];
  }
  return [0, 0];
}
