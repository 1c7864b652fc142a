/** The routes of an API, part by part of their paths. */
export interface RouteNode<Route> {
  /** By method; `ANY` for all others. */
  readonly routes: Map<string, Named<Route>>;
  /** Routes that end in `{proxy+}` here. */
  readonly greedy: Map<string, Named<Route>>;
  readonly literals: Map<string, RouteNode<Route>>;
  /** What follows a `{parameter}`, whatever its name. */
  parameter?: RouteNode<Route>;
  fallback?: Route;
}
interface Named<Route> {
  readonly route: Route;
  /** Names of the variables, in order. */
  readonly names: readonly string[];
}

/** The route of a request and the values of its variables. */
export interface Found<Route> {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

/** @throws RangeError for two routes with one key */
export function routeTree<Route extends { readonly key: string }>(routes: readonly Route[]): RouteNode<Route> {
  const root = newNode<Route>();
  for (const route of routes) {
    const [method = '', path] = route.key.split(' ');
    if (path === undefined) {
      root.fallback = route;
      continue;
    }
    const names: string[] = [];
    let node = root;
    let ends: 'routes' | 'greedy' = 'routes';
    for (const part of path.split('/').slice(1)) {
      const [, name, plus] = /^\{([^}+]+)(\+)?\}$/.exec(part) ?? [];
      if (name !== undefined) names.push(name);
      if (plus) ends = 'greedy';
      else node = name === undefined ? literalOf(node, part) : parameterOf(node);
    }
    if (node[ends].has(method)) throw new RangeError(`there are two routes ${route.key}`);
    node[ends].set(method, { route, names });
  }
  return root;
}

function newNode<Route>(): RouteNode<Route> {
  return { routes: new Map(), greedy: new Map(), literals: new Map() };
}

function literalOf<Route>(node: RouteNode<Route>, part: string): RouteNode<Route> {
  const next = node.literals.get(part) ?? newNode<Route>();
  node.literals.set(part, next);
  return next;
}

function parameterOf<Route>(node: RouteNode<Route>): RouteNode<Route> {
  node.parameter ??= newNode<Route>();
  return node.parameter;
}

/**
 * The route that AWS would choose: literal parts before parameters, these before `{proxy+}`, and `$default` last; of one
 * path, the method's own route before `ANY`.
 *
 * @param segments the decoded parts of the path
 */
export function routeOf<Route>(
  root: RouteNode<Route>,
  method: string,
  segments: readonly string[],
): Found<Route> | undefined {
  return found(root, { method, segments }, 0, []) ?? (root.fallback && { route: root.fallback, parameters: {} });
}

function found<Route>(
  node: RouteNode<Route>,
  wanted: { readonly method: string; readonly segments: readonly string[] },
  depth: number,
  values: readonly string[],
): Found<Route> | undefined {
  const { method, segments } = wanted;
  const segment = segments[depth];
  if (segment === undefined) return named(node.routes.get(method) ?? node.routes.get('ANY'), values);
  const literal = node.literals.get(segment);
  const greedy = node.greedy.get(method) ?? node.greedy.get('ANY');
  return (
    (literal && found(literal, wanted, depth + 1, values)) ??
    (node.parameter && segment !== '' ? found(node.parameter, wanted, depth + 1, [...values, segment]) : undefined) ??
    (segment === '' && depth === segments.length - 1
      ? undefined
      : named(greedy, [...values, segments.slice(depth).join('/')]))
  );
}

function named<Route>(match: Named<Route> | undefined, values: readonly string[]): Found<Route> | undefined {
  return (
    match && {
      route: match.route,
      parameters: Object.fromEntries(match.names.map((name, i) => [name, values[i] ?? ''])),
    }
  );
}
