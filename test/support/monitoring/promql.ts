/** A metric that an expression of PromQL reads. */
interface Selector {
  /** As it stands there: of a histogram with `_bucket`, `_sum` or `_count`. */
  metric: string;
  /** The labels that it is selected by. */
  labels: string[];
}

/** What an expression refers to. */
interface References {
  selectors: Selector[];
  /** The labels that it groups and joins by. */
  grouping: string[];
}

const TOKEN = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\d[\w.]*|[a-zA-Z_:][\w:]*|\S/g;
const NAME = /^[a-zA-Z_:]/;

/** What has a list of labels in parentheses. */
const LISTS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan']);

/** Reads which metrics and labels an expression refers to. Whether it is PromQL at all is for promtool to say. */
export function referencesOf(expression: string): References {
  const tokens: string[] = expression.match(TOKEN) ?? [];
  const found: References = { selectors: [], grouping: [] };
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? '';
    if (!NAME.test(token) || WORDS.has(token.toLowerCase())) continue;
    if (LISTS.has(token)) {
      if (tokens[at + 1] !== '(') continue;
      const end = tokens.indexOf(')', at);
      found.grouping.push(...tokens.slice(at + 2, end).filter((each) => NAME.test(each)));
      at = end;
    } else if (tokens[at + 1] === '{') {
      const end = tokens.indexOf('}', at);
      const labels = tokens.slice(at + 2, end).filter((each) => NAME.test(each));
      found.selectors.push({ metric: token, labels });
      at = end;
    } else if (tokens[at + 1] !== '(' && !isAggregation(tokens, at)) {
      found.selectors.push({ metric: token, labels: [] });
    }
  }
  return found;
}

/** `sum by (…)`: the name of an aggregation whose labels come before what it aggregates. */
const isAggregation = (tokens: string[], at: number): boolean => ['by', 'without'].includes(tokens[at + 1] ?? '');
