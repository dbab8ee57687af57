// Paths in walking order: a node's subtree is [node, end). Node 0 is the whole, which has no function.

class Tree {
  constructor(count) {
    this.count = count;
    this.fn = new Int32Array(count);
    this.parent = new Int32Array(count);
    this.depth = new Int32Array(count);
    this.end = new Int32Array(count);
    this.mark = new Uint8Array(count);
    this.own = [];
    this.widths = [];
    this.maxDepth = 0;
  }

  static fromColumns(up, fn, mark, own, sides) {
    const tree = new Tree(fn.length + 1);
    tree.fn[0] = -1;
    tree.parent[0] = -1;
    tree.fn.set(fn, 1);
    tree.mark.set(mark, 1);
    const path = [0];
    let depth = 0;
    for (let node = 1; node < tree.count; node++) {
      depth = depth + 1 - up[node - 1];
      path.length = depth;
      tree.parent[node] = path[depth - 1];
      tree.depth[node] = depth;
      path.push(node);
    }
    const columns = sides === 2 ? own : [own[0]];
    tree.own = columns.map((column) => {
      const whole = new Float64Array(tree.count);
      whole.set(column, 1);
      return whole;
    });
    tree.sumUp();
    return tree;
  }

  // Ends, depths and widths, from parents and own weights. Children stand behind their parents, so that a walk back
  // meets them first.
  sumUp() {
    const { count, parent, end, depth } = this;
    for (let node = 0; node < count; node++) end[node] = node + 1;
    this.widths = this.own.map((own) => own.slice());
    for (let node = count - 1; node > 0; node--) {
      const up = parent[node];
      if (end[node] > end[up]) end[up] = end[node];
      if (depth[node] > this.maxDepth) this.maxDepth = depth[node];
      for (const width of this.widths) width[up] += width[node];
    }
    this.lay(this.widths.length - 1);
  }

  // Chooses whose widths are drawn, and where each node begins.
  lay(side) {
    const { count, parent } = this;
    const width = this.widths[Math.min(side, this.widths.length - 1)];
    const start = new Float64Array(count);
    const next = new Float64Array(count);
    for (let node = 1; node < count; node++) {
      const up = parent[node];
      start[node] = next[node] = next[up];
      next[up] += width[node];
    }
    this.width = width;
    this.start = start;
  }

  // Where `position` falls among the nodes of one depth below `root`; -1 where there is none.
  find(root, depth, position) {
    let node = root;
    while (this.depth[node] < depth) {
      let child = node + 1;
      const stop = this.end[node];
      while (child < stop && position >= this.start[child] + this.width[child]) child = this.end[child];
      if (child >= stop || position < this.start[child]) return -1;
      node = child;
    }
    return node;
  }

  contains(node, other) {
    return other >= node && other < this.end[node];
  }

  path(node) {
    const path = [];
    for (let at = node; at >= 0; at = this.parent[at]) path.push(at);
    return path.reverse();
  }

  childOf(node, isIt) {
    for (let child = node + 1; child < this.end[node]; child = this.end[child]) if (isIt(child)) return child;
    return -1;
  }

  widestChild(node) {
    let widest = -1;
    for (let child = node + 1; child < this.end[node]; child = this.end[child]) {
      if (this.width[child] > 0 && (widest < 0 || this.width[child] > this.width[widest])) widest = child;
    }
    return widest;
  }

  // The sibling beside a node that has a width; -1 at the border.
  beside(node, direction) {
    if (node <= 0) return -1;
    const up = this.parent[node];
    let before = -1;
    let passed = false;
    for (let child = up + 1; child < this.end[up]; child = this.end[child]) {
      if (!(this.width[child] > 0)) continue;
      if (passed) return child;
      if (child === node) {
        if (direction < 0) return before;
        passed = true;
      }
      before = child;
    }
    return -1;
  }
}
