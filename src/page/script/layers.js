// Places the nodes of a graph in rows, callers above callees, after Sugiyama, Tagawa and Toda (1981): edges that close
// a cycle are turned, each node gets the row after its lowest caller, edges over several rows get a bend in each, rows
// are ordered so that few edges cross, and nodes are moved towards their neighbours.

const BOX = { width: 172, height: 38, gap: 18, bend: 14, between: 52, margin: 14 };

function layered(count, edges) {
  turnBackEdges(count, edges);
  const row = rowsOf(count, edges);
  const net = withBends(count, edges, row);
  order(net);
  const x = spread(net);
  const left = Math.min(...Array.from(x.subarray(1), (at, node) => at - net.widthOf(node + 1) / 2));
  let width = 0;
  for (let node = 1; node < x.length; node++) {
    x[node] += BOX.margin - left;
    width = Math.max(width, x[node] + net.widthOf(node) / 2 + BOX.margin);
  }
  const yOf = (node) => BOX.margin + net.row[node] * (BOX.height + BOX.between);
  const height = net.rows.length * (BOX.height + BOX.between) - BOX.between + 2 * BOX.margin;
  // The middles of the boxes; of an edge the middles of its bends, from caller to callee.
  for (const edge of edges) edge.bends = edge.chain.map((bend) => ({ x: x[bend], y: yOf(bend) + BOX.height / 2 }));
  ports(count, edges, x);
  return {
    x: x.slice(0, count),
    y: Float64Array.from({ length: count }, (_, node) => yOf(node) + BOX.height / 2),
    wide: width,
    high: height,
  };
}

// Marks the edges that lead back to a node that is being visited, the widest calls first, so that these stay.
function turnBackEdges(count, edges) {
  const out = Array.from({ length: count }, () => []);
  const hasCaller = new Uint8Array(count);
  for (const edge of edges) {
    edge.isBack = false;
    out[edge.from].push(edge);
    hasCaller[edge.to] = 1;
  }
  const [fresh, open, done] = [0, 1, 2];
  const state = new Uint8Array(count).fill(fresh);
  const visit = (start) => {
    if (state[start] !== fresh) return;
    state[start] = open;
    const path = [[start, 0]];
    while (path.length) {
      const top = path[path.length - 1];
      const edge = out[top[0]][top[1]++];
      if (!edge) {
        state[top[0]] = done;
        path.pop();
      } else if (state[edge.to] === open) edge.isBack = true;
      else if (state[edge.to] === fresh) {
        state[edge.to] = open;
        path.push([edge.to, 0]);
      }
    }
  };
  for (let node = 1; node < count; node++) if (!hasCaller[node]) visit(node);
  for (let node = 1; node < count; node++) visit(node);
}

// Where an edge begins and ends in the picture, from above to below.
const upperEnd = (edge) => (edge.isBack ? edge.to : edge.from);
const lowerEnd = (edge) => (edge.isBack ? edge.from : edge.to);

function rowsOf(count, edges) {
  const below = Array.from({ length: count }, () => []);
  const waiting = new Int32Array(count);
  for (const edge of edges) {
    below[upperEnd(edge)].push(lowerEnd(edge));
    waiting[lowerEnd(edge)]++;
  }
  const hasUpper = Uint8Array.from(waiting, (edges) => (edges > 0 ? 1 : 0));
  const row = new Int32Array(count);
  const sorted = [];
  for (let node = 1; node < count; node++) if (!waiting[node]) sorted.push(node);
  for (let at = 0; at < sorted.length; at++) {
    const node = sorted[at];
    for (const next of below[node]) {
      row[next] = Math.max(row[next], row[node] + 1);
      if (--waiting[next] === 0) sorted.push(next);
    }
  }
  // What nobody calls stands right above what it calls.
  for (const node of sorted) {
    if (!hasUpper[node] && below[node].length) row[node] = Math.min(...below[node].map((next) => row[next])) - 1;
  }
  return row;
}

// The graph in which each edge leads to the next row: bends are nodes behind the others.
function withBends(count, edges, nodeRow) {
  const row = [...nodeRow];
  const links = [];
  for (const edge of edges) {
    const [upper, lower] = [upperEnd(edge), lowerEnd(edge)];
    edge.chain = [];
    let from = upper;
    for (let at = row[upper] + 1; at < row[lower]; at++) {
      const bend = row.length;
      row.push(at);
      edge.chain.push(bend);
      links.push([from, bend]);
      from = bend;
    }
    links.push([from, lower]);
    if (edge.isBack) edge.chain.reverse();
  }
  const up = row.map(() => []);
  const down = row.map(() => []);
  for (const [from, to] of links) {
    down[from].push(to);
    up[to].push(from);
  }
  const rows = [];
  for (let node = 1; node < row.length; node++) (rows[row[node]] ||= []).push(node);
  const isBend = (node) => node >= count;
  return { row, rows, up, down, isBend, widthOf: (node) => (isBend(node) ? BOX.bend : BOX.width) };
}

// Orders each row by the mean place of the neighbours above, then below, again and again; the best order stays.
function order(net) {
  const { rows, up, down } = net;
  const place = new Float64Array(net.row.length);
  const number = (row) => row.forEach((node, at) => (place[node] = at));
  rows.forEach(number);
  const sortBy = (row, neighbours) => {
    const mean = new Map(row.map((node) => {
      const near = neighbours[node];
      return [node, near.length ? near.reduce((sum, other) => sum + place[other], 0) / near.length : place[node]];
    }));
    row.sort((a, b) => mean.get(a) - mean.get(b) || place[a] - place[b]);
    number(row);
  };
  let best = rows.map((row) => row.slice());
  let fewest = crossings(net, place);
  for (let round = 0; round < 12 && fewest > 0; round++) {
    for (let at = 1; at < rows.length; at++) sortBy(rows[at], up);
    for (let at = rows.length - 2; at >= 0; at--) sortBy(rows[at], down);
    const now = crossings(net, place);
    if (now < fewest) {
      fewest = now;
      best = rows.map((row) => row.slice());
    }
  }
  net.rows = best;
}

// Pairs of links between two rows that cross: inversions of the lower ends when sorted by the upper ones.
function crossings({ rows, down }, place) {
  let sum = 0;
  for (let at = 0; at + 1 < rows.length; at++) {
    // How many links so far end at a place or before it, as a Fenwick tree.
    const size = rows[at + 1].length;
    const ends = new Int32Array(size + 1);
    let links = 0;
    for (const node of rows[at]) {
      const lower = down[node].map((other) => place[other]).sort((a, b) => a - b);
      for (const end of lower) {
        let before = 0;
        for (let i = end + 1; i > 0; i -= i & -i) before += ends[i];
        sum += links - before;
      }
      for (const end of lower) for (let i = end + 1; i <= size; i += i & -i) ends[i]++;
      links += lower.length;
    }
  }
  return sum;
}

// How far right each node stands: as near to the mean of its neighbours as those beside it allow.
function spread(net) {
  const { rows, up, down, isBend, widthOf } = net;
  const x = new Float64Array(net.row.length);
  const distance = (a, b) => (widthOf(a) + widthOf(b)) / 2 + BOX.gap;
  for (const row of rows) {
    let at = 0;
    row.forEach((node, place) => {
      if (place) at += distance(row[place - 1], node);
      x[node] = at;
    });
    for (const node of row) x[node] -= at / 2;
  }
  const settle = (row, neighboursOf) => {
    const wanted = row.map((node) => {
      let [sum, weight] = [0, 0];
      for (const other of neighboursOf(node)) {
        // Long edges shall be straight.
        const force = isBend(node) && isBend(other) ? 6 : isBend(node) || isBend(other) ? 2 : 1;
        sum += force * x[other];
        weight += force;
      }
      return weight ? [sum / weight, weight] : [x[node], 0.1];
    });
    // Places in order with their distances that are nearest to those wanted: neighbours that would overlap become one
    // block at their mean (the pool of adjacent violators).
    const blocks = [];
    let offset = 0;
    row.forEach((node, place) => {
      if (place) offset += distance(row[place - 1], node);
      const [want, weight] = wanted[place];
      let block = { nodes: [[node, offset]], sum: (want - offset) * weight, weight };
      while (blocks.length && blocks[blocks.length - 1].sum / blocks[blocks.length - 1].weight > block.sum / block.weight) {
        const before = blocks.pop();
        before.nodes.push(...block.nodes);
        block = { nodes: before.nodes, sum: before.sum + block.sum, weight: before.weight + block.weight };
      }
      blocks.push(block);
    });
    for (const { nodes, sum, weight } of blocks) for (const [node, from] of nodes) x[node] = sum / weight + from;
  };
  for (let round = 0; round < 16; round++) {
    for (let at = 1; at < rows.length; at++) settle(rows[at], (node) => up[node]);
    for (let at = rows.length - 2; at >= 0; at--) settle(rows[at], (node) => down[node]);
  }
  for (const row of rows) settle(row, (node) => [...up[node], ...down[node]]);
  return x;
}

// Edges of one node leave and reach it side by side, in the order of where they lead.
function ports(count, edges, x) {
  const sides = [[], []].map(() => Array.from({ length: count }, () => []));
  const near = (edge, isUpper) => {
    const chain = edge.isBack ? [...edge.chain].reverse() : edge.chain;
    if (!chain.length) return x[isUpper ? lowerEnd(edge) : upperEnd(edge)];
    return x[isUpper ? chain[0] : chain[chain.length - 1]];
  };
  for (const edge of edges) {
    sides[0][upperEnd(edge)].push([edge, near(edge, true)]);
    sides[1][lowerEnd(edge)].push([edge, near(edge, false)]);
  }
  sides.forEach((nodes, side) => nodes.forEach((list, node) => {
    list.sort((a, b) => a[1] - b[1]);
    const step = Math.min(12, (BOX.width - 30) / list.length);
    list.forEach(([edge], at) => {
      edge[side ? 'lowerX' : 'upperX'] = x[node] + (at - (list.length - 1) / 2) * step;
    });
  }));
}
