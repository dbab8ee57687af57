// The chosen function in the middle: above it all that called it, the nearest first, below it all that it called.

const Sandwich = {
  height(view) {
    return (view.upper.maxDepth + view.lower.maxDepth - 1) * ROW;
  },

  // Both trees have the function itself as their one node of depth 1; it is drawn once.
  parts(view) {
    const middle = (view.upper.maxDepth - 1) * ROW;
    return [
      { tree: view.upper, top: (depth) => middle - (depth - 1) * ROW, from: 2 },
      { tree: view.lower, top: (depth) => middle + (depth - 1) * ROW, from: 1 },
    ];
  },

  draw(view) {
    for (const { tree, top, from } of Sandwich.parts(view)) {
      const width = tree.width[0];
      if (!(width > 0)) continue;
      const scale = view.width / width;
      view.drawn = tree;
      for (let node = 1; node < tree.count;) {
        const w = tree.width[node] * scale;
        const y = top(tree.depth[node]) - view.scroll;
        if (w < NARROW) {
          if (w > 0) view.leftOut += tree.end[node] - node;
          node = tree.end[node];
          continue;
        }
        if (tree.depth[node] >= from && y > -ROW && y < view.height) {
          view.box(node, tree.start[node] * scale, y, w, ROW, false);
        }
        node++;
      }
    }
    view.drawn = null;
  },

  hit(view, x, y) {
    const row = Math.floor((y + view.scroll) / ROW) - (view.upper.maxDepth - 1);
    const tree = row < 0 ? view.upper : view.lower;
    const node = tree.find(0, Math.abs(row) + 1, (x / view.width) * tree.width[0]);
    view.hitTree = tree;
    return node > 0 ? node : -1;
  },
};
