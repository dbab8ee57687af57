// Frames as boxes in boxes, as in RunSnakeRun's square map: a box is as large as its cumulative weight, what stays
// empty in it is its own.

const PAD = 2;
const HEAD = 15;
const LEAST = 5;

const Squares = {
  draw(view) {
    const { tree, root, context } = view;
    view.boxes = [];
    if (!(tree.width[root] > 0)) return;
    const stack = [[root, 0, 0, view.width, view.height]];
    while (stack.length) {
      const [node, x, y, w, h] = stack.pop();
      const style = view.style(node);
      context.fillStyle = style.fill;
      context.fillRect(x, y, w, h);
      context.lineWidth = style.isChosen ? 2 : 1;
      context.strokeStyle = style.isChosen ? view.colors.chosen : view.colors.line;
      context.strokeRect(x + 0.5, y + 0.5, Math.max(0, w - 1), Math.max(0, h - 1));
      view.boxes.push([node, x, y, w, h]);
      const hasHead = h > HEAD + 2 * PAD && w > 30;
      if (hasHead) {
        context.fillStyle = style.text;
        drawLabel(view, view.words.name(tree.fn[node]), x, y + HEAD / 2 + 2, w);
      }
      const top = hasHead ? HEAD : PAD;
      const room = { x: x + PAD, y: y + top, w: w - 2 * PAD, h: h - top - PAD };
      Squares.fill(view, node, room, stack);
    }
  },

  // Lays the children of a node into a box, squarified (Bruls, Huizing, van Wijk, 2000). The node's own weight takes
  // its share of the box at the right or below.
  fill(view, node, room, stack) {
    const { tree } = view;
    const children = [];
    for (let child = node + 1; child < tree.end[node]; child = tree.end[child]) {
      if (tree.width[child] > 0) children.push(child);
    }
    if (!children.length) return;
    if (room.w < LEAST || room.h < LEAST) {
      view.leftOut += tree.end[node] - node - 1;
      return;
    }
    children.sort((a, b) => tree.width[b] - tree.width[a] || a - b);
    let inside = 0;
    for (const child of children) inside += tree.width[child];
    const share = inside / tree.width[node];
    let { x, y, w, h } = room;
    if (w > h) w *= share;
    else h *= share;
    const perWeight = (w * h) / inside;
    let at = 0;
    while (at < children.length) {
      const side = Math.min(w, h);
      if (side < 1) break;
      // Takes children into a row as long as that makes its worst box squarer.
      let sum = 0;
      let worst = Infinity;
      let stop = at;
      while (stop < children.length) {
        const area = tree.width[children[stop]] * perWeight;
        const next = sum + area;
        const largest = tree.width[children[at]] * perWeight;
        const ratio = Math.max((side * side * largest) / (next * next), (next * next) / (side * side * area));
        if (ratio > worst) break;
        worst = ratio;
        sum = next;
        stop++;
      }
      const thick = sum / side;
      let along = 0;
      for (; at < stop; at++) {
        const child = children[at];
        const length = (tree.width[child] * perWeight) / thick;
        const box = w >= h ? [x, y + along, thick, length] : [x + along, y, length, thick];
        if (box[2] * box[3] >= 6 && box[2] >= 2 && box[3] >= 2) stack.push([child, ...box]);
        else view.leftOut += tree.end[child] - child;
        along += length;
      }
      if (w >= h) {
        x += thick;
        w -= thick;
      } else {
        y += thick;
        h -= thick;
      }
    }
    for (; at < children.length; at++) view.leftOut += tree.end[children[at]] - children[at];
  },

  // The innermost box: children are drawn after their parents.
  hit(view, px, py) {
    const { boxes } = view;
    for (let at = (boxes || []).length - 1; at >= 0; at--) {
      const [node, x, y, w, h] = boxes[at];
      if (px >= x && px < x + w && py >= y && py < y + h) return node;
    }
    return -1;
  },
};
