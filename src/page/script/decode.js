// The packed part of the page, made into columns. The order is that of `pack` in Rust.

const KIND = { python: 0, builtin: 1, label: 2, synthetic: 3 };
const MARK = { exact: 0, estimate: 1, recursion: 2, pruned: 3 };

function bytesOfBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

async function unpack(text) {
  if (typeof DecompressionStream === 'undefined') {
    throw new Error('this browser cannot unpack the data; Chromium 87, Firefox 113 and Safari 16.4 or later can');
  }
  const packed = new Blob([bytesOfBase64(text)]).stream();
  const plain = packed.pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  number() {
    const { bytes } = this;
    let byte = bytes[this.at++];
    if (byte < 128) return byte;
    let value = byte & 127;
    // Not by shifts: those are of 32 bits.
    let factor = 128;
    do {
      byte = bytes[this.at++];
      value += (byte & 127) * factor;
      factor *= 128;
    } while (byte >= 128);
    return value;
  }

  signed() {
    const zigzag = this.number();
    return zigzag % 2 ? -(zigzag + 1) / 2 : zigzag / 2;
  }

  column(count, Type = Int32Array) {
    const out = new Type(count);
    for (let at = 0; at < count; at++) out[at] = this.number();
    return out;
  }

  signedColumn(count) {
    const out = new Float64Array(count);
    for (let at = 0; at < count; at++) out[at] = this.signed();
    return out;
  }

  texts() {
    const lengths = this.column(this.number());
    const size = this.number();
    const bytes = this.bytes.subarray(this.at, this.at + size);
    this.at += size;
    // Without this a first text that begins with U+FEFF would lose it, and all lengths with it.
    const all = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    let from = 0;
    return Array.from(lengths, (length) => all.slice(from, (from += length)));
  }

  // For one side: is there a number, calls, calls that are no recursion, own, cumulative.
  numbers(count) {
    const has = this.column(count, Uint8Array);
    const total = this.signedColumn(count);
    const primitive = this.signedColumn(count);
    const own = this.column(count, Float64Array);
    const cumulative = this.signedColumn(count);
    for (let at = 0; at < count; at++) {
      primitive[at] = total[at] - primitive[at];
      cumulative[at] += own[at];
    }
    return { has, total, primitive, own, cumulative };
  }
}

// `before` and `after` are the numbers of functions; of one profile both are the same object.
function decode(bytes, about) {
  const reader = new Reader(bytes);
  const texts = reader.texts();
  const count = about.functions;
  const sides = about.comparison ? 2 : 1;
  const bySide = (read) => {
    const first = read();
    return sides === 2 ? [first, read()] : [first, first];
  };
  const name = reader.column(count);
  const file = reader.column(count);
  const short = reader.column(count);
  const packageText = reader.column(count);
  const line = reader.signedColumn(count);
  const kind = reader.column(count, Uint8Array);
  const numbers = bySide(() => reader.numbers(count));

  const callersOf = reader.column(count);
  const caller = reader.column(about.edges);
  const edgeNumbers = bySide(() => reader.numbers(about.edges));

  const up = reader.column(about.nodes);
  const fn = reader.column(about.nodes);
  const mark = reader.column(about.nodes, Uint8Array);
  const own = bySide(() => reader.column(about.nodes, Float64Array));

  const sources = new Map();
  for (let left = reader.number(); left > 0; left--) {
    const key = reader.number();
    sources.set(key, { firstLine: reader.number(), text: texts[reader.number()], remark: texts[reader.number()] });
  }
  return {
    about, texts, count, listed: about.listed, name, file, short, packageText, line, kind,
    before: numbers[0], after: numbers[1], sources, groups: [],
    edges: indexEdges(count, callersOf, caller, edgeNumbers),
    tree: Tree.fromColumns(up, fn, mark, own, sides),
  };
}

// Edges stand by callee; `callees` lists them by caller.
function indexEdges(count, callersOf, caller, [before, after]) {
  const callerStart = new Int32Array(count + 1);
  const calleeStart = new Int32Array(count + 1);
  const callee = new Int32Array(caller.length);
  for (let fn = 0, at = 0; fn < count; fn++) {
    callerStart[fn + 1] = callerStart[fn] + callersOf[fn];
    while (at < callerStart[fn + 1]) callee[at++] = fn;
  }
  for (const fn of caller) calleeStart[fn + 1]++;
  for (let fn = 0; fn < count; fn++) calleeStart[fn + 1] += calleeStart[fn];
  const next = calleeStart.slice();
  const callees = new Int32Array(caller.length);
  for (let edge = 0; edge < caller.length; edge++) callees[next[caller[edge]]++] = edge;
  return { caller, callee, callerStart, calleeStart, callees, before, after };
}
