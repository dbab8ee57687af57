// Trees made of the tree: who is above all places of a function, and what is below them. Grown breadth first, with
// limits, so that the largest profile does not stop the page; what a limit leaves out is in a leaf.

const LIMITS = { nodes: 30000, work: 2e6, share: 2e-4 };

// A group is many places of the tree that are one node of the new one: `members`, and for each side their weights.
function aggregate(tree, seeds, expand, more) {
  const sides = tree.own.length;
  const zero = () => new Float64Array(sides);
  const made = [{ fn: -1, parent: -1, mark: MARK.exact, own: zero(), children: [], width: 0 }];
  const sum = (group) => {
    let widest = 0;
    for (let side = 0; side < sides; side++) {
      let width = 0;
      for (const weight of group.weights[side]) width += weight;
      group.total[side] = width;
      if (width > widest) widest = width;
    }
    return widest;
  };
  let total = 0;
  for (const seed of seeds) {
    seed.total = zero();
    total += sum(seed);
  }
  const least = total * LIMITS.share;
  let work = 0;
  let leftOut = 0;
  const queue = [];
  const add = (parent, groups) => {
    const rest = zero();
    let any = 0;
    for (const group of groups) {
      group.total = zero();
      const width = sum(group);
      if (width <= 0) continue;
      if (width < least || made.length >= LIMITS.nodes || work > LIMITS.work) {
        for (let side = 0; side < sides; side++) rest[side] += group.total[side];
        any++;
        continue;
      }
      const node = { fn: group.fn, mark: group.mark, own: zero(), children: [], width };
      made.push(node);
      parent.children.push(node);
      queue.push([node, group]);
    }
    if (any) {
      leftOut += any;
      parent.children.push({ fn: more, mark: MARK.pruned, own: rest, children: [], width: -1 });
    }
  };
  add(made[0], seeds);
  for (let at = 0; at < queue.length; at++) {
    const [node, group] = queue[at];
    queue[at] = null;
    work += group.members.length;
    const groups = new Map();
    const into = (fn, member, weights, mark) => {
      let found = groups.get(fn);
      if (!found) {
        found = { fn, members: [], weights: weights.map(() => []), mark };
        groups.set(fn, found);
      } else if (found.mark !== mark) {
        found.mark = MARK.estimate;
      }
      found.members.push(member);
      weights.forEach((weight, side) => found.weights[side].push(weight));
    };
    expand(group, node, into);
    add(node, groups.values());
  }
  const out = flatten(made[0], sides);
  out.leftOut = leftOut;
  return out;
}

function flatten(root, sides) {
  const order = [];
  const stack = [[root, -1, 0]];
  while (stack.length) {
    const [node, parent, depth] = stack.pop();
    const at = order.length;
    order.push([node, parent, depth]);
    node.children.sort((a, b) => a.width - b.width || b.fn - a.fn);
    for (const child of node.children) stack.push([child, at, depth + 1]);
  }
  const tree = new Tree(order.length);
  tree.own = Array.from({ length: sides }, () => new Float64Array(order.length));
  order.forEach(([node, parent, depth], at) => {
    tree.fn[at] = node.fn;
    tree.parent[at] = parent;
    tree.depth[at] = depth;
    tree.mark[at] = node.mark;
    for (let side = 0; side < sides; side++) tree.own[side][at] = node.own[side];
  });
  tree.sumUp();
  return tree;
}

function upwards(tree) {
  return (group, node, into) => {
    group.members.forEach((member, at) => {
      const weights = group.weights.map((weights) => weights[at]);
      const up = tree.parent[member];
      if (up > 0) into(tree.fn[up], up, weights, tree.mark[up]);
      else weights.forEach((weight, side) => (node.own[side] += weight));
    });
  };
}

function downwards(tree) {
  return (group, node, into) => {
    for (const member of group.members) {
      tree.own.forEach((own, side) => (node.own[side] += own[member]));
      for (let child = member + 1; child < tree.end[member]; child = tree.end[child]) {
        into(tree.fn[child], child, tree.widths.map((width) => width[child]), tree.mark[child]);
      }
    }
  };
}

// The places of a function that are not below another place of it, each with all its width.
function outermost(tree, fn) {
  const members = [];
  for (let node = 1; node < tree.count;) {
    if (tree.fn[node] === fn) {
      members.push(node);
      node = tree.end[node];
    } else node++;
  }
  const weights = tree.widths.map((width) => members.map((member) => width[member]));
  return { fn, members, weights, mark: MARK.exact };
}

function callersTree(tree, fn, more) {
  return aggregate(tree, [outermost(tree, fn)], upwards(tree), more);
}

function calleesTree(tree, fn, more) {
  return aggregate(tree, [outermost(tree, fn)], downwards(tree), more);
}

// Every function with its own time, below it who called it.
function reversedTree(tree, more) {
  const seeds = new Map();
  for (let node = 1; node < tree.count; node++) {
    if (!tree.own.some((own) => own[node] > 0)) continue;
    const fn = tree.fn[node];
    let seed = seeds.get(fn);
    if (!seed) seeds.set(fn, (seed = { fn, members: [], weights: tree.own.map(() => []), mark: MARK.exact }));
    seed.members.push(node);
    tree.own.forEach((own, side) => seed.weights[side].push(own[node]));
  }
  const sorted = [...seeds.values()];
  return aggregate(tree, sorted, upwards(tree), more);
}

// Modules, their files, and the functions of these by own weight. Modules and files get numbers behind those of
// functions, and their names stand in `model.groups`.
function filesTree(model) {
  const sides = model.about.comparison ? [model.before, model.after] : [model.after];
  const root = { fn: -1, children: [], own: new Float64Array(sides.length), mark: MARK.exact, width: 0 };
  const known = new Map();
  const group = (parent, key, name) => {
    let node = known.get(key);
    if (!node) {
      const fn = model.count + model.groups.length;
      model.groups.push(name);
      node = { fn, children: [], own: new Float64Array(sides.length), mark: MARK.exact, width: 0 };
      known.set(key, node);
      parent.children.push(node);
    }
    return node;
  };
  for (let fn = 0; fn < model.listed; fn++) {
    const own = Float64Array.from(sides, (numbers) => numbers.own[fn]);
    const width = Math.max(...own);
    if (!(width > 0)) continue;
    const module = group(root, `m${model.packageText[fn]}`, model.texts[model.packageText[fn]] || '(no module)');
    const hasFile = model.file[fn] > 0;
    const parent = hasFile
      ? group(module, `f${model.packageText[fn]} ${model.file[fn]}`, model.texts[model.short[fn]]) : module;
    module.width += width;
    if (hasFile) parent.width += width;
    parent.children.push({ fn, children: [], own, mark: MARK.exact, width });
  }
  const tree = flatten(root, sides.length);
  tree.leftOut = 0;
  return tree;
}
