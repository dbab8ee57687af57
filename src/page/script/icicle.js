// Frames as rows of boxes: icicle (callers above) and flame graph (callers below).

const ROW = 20;
// Frames narrower than this many pixels are not drawn by themselves.
const NARROW = 1;

// A label in a box, cut to fit. `context.font` is a monospace one, so that most need no measuring.
function drawLabel(view, text, x, y, width) {
  const { context, charWidth } = view;
  const room = Math.floor((width - 8) / charWidth);
  if (room < 3) return;
  // What is beyond Latin and arrows may be wider than one cell.
  const wide = /[^\u0020-\u024f\u2000-\u21ff]/.test(text);
  let shown = text;
  if (wide) {
    while (shown.length > 1 && context.measureText(shown).width > width - 8) {
      shown = shown.slice(0, Math.floor(shown.length * 0.85) - 1) + '\u2026';
    }
  } else if (text.length > room) shown = text.slice(0, room - 1) + '\u2026';
  context.fillText(shown, x + 4, y);
}

const Icicle = {
  // How high everything is, in pixels.
  height(view) {
    return (view.tree.maxDepth + 1) * ROW;
  },

  draw(view) {
    const { tree, root } = view;
    const width = tree.width[root];
    if (!(width > 0)) return;
    const scale = view.width / width;
    const first = tree.start[root];
    const total = Icicle.height(view);
    const top = (depth) => (view.isFlame ? total - (depth + 1) * ROW : depth * ROW) - view.scroll;
    // Frames above the root of the zoom are as wide as the picture.
    for (let node = tree.parent[root]; node >= 0; node = tree.parent[node]) {
      const y = top(tree.depth[node]);
      if (y > -ROW && y < view.height) view.box(node, 0, y, view.width, ROW, true);
    }
    // Where the last sliver of a row ended: what is too narrow shows as one grey edge.
    const slivers = new Map();
    const stop = tree.end[root];
    for (let node = root; node < stop;) {
      const w = tree.width[node] * scale;
      const depth = tree.depth[node];
      const y = top(depth);
      if (w < NARROW) {
        if (w > 0) {
          view.leftOut += tree.end[node] - node;
          const x = (tree.start[node] - first) * scale;
          if (y > -ROW && y < view.height && x >= (slivers.get(depth) ?? -1)) {
            view.context.fillStyle = view.colors.sliver;
            view.context.fillRect(x, y, NARROW, ROW - 1);
            slivers.set(depth, x + NARROW);
          }
        }
        node = tree.end[node];
        continue;
      }
      const isBeyond = view.isFlame ? y < -ROW : y > view.height;
      if (isBeyond) {
        node = tree.end[node];
        continue;
      }
      if (y > -ROW && y < view.height) view.box(node, (tree.start[node] - first) * scale, y, w, ROW, false);
      node++;
    }
  },

  hit(view, x, y) {
    const { tree, root } = view;
    const row = Math.floor((y + view.scroll) / ROW);
    const depth = view.isFlame ? tree.maxDepth - row : row;
    if (depth < 0) return -1;
    if (depth < tree.depth[root]) {
      let node = root;
      while (tree.depth[node] > depth) node = tree.parent[node];
      return node;
    }
    return tree.find(root, depth, tree.start[root] + (x / view.width) * tree.width[root]);
  },

  // Scrolls so that the row of a node is to be seen.
  rowOf(view, node) {
    const depth = view.tree.depth[node];
    return (view.isFlame ? view.tree.maxDepth - depth : depth) * ROW;
  },
};
