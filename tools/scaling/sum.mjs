// Arithmetic that shows itself: sum`${logIns} * 12 * ${events}` has a value, and its text is what was reckoned.

export function sum(strings, ...values) {
  const expression = String.raw({ raw: strings }, ...values.map((value) => `(${Number(value)})`));
  const text = String.raw({ raw: strings }, ...values.map((value) => figure(Number(value))));
  const value = evaluate(expression);
  return { valueOf: () => value, text: `${text.replaceAll('*', '×').replaceAll('/', '÷')} = **${figure(value)}**` };
}

/** Three digits say what is known; whole numbers below a hundred thousand stay whole. */
export function figure(value) {
  if (value >= 1e12) return `${(value / 1e12).toPrecision(3)} million million`;
  if (value >= 1e9) return `${(value / 1e9).toPrecision(3)} thousand million`;
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} million`;
  if (Number.isInteger(value) || value >= 1000) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

/** Numbers, + - * / and brackets, as at school. */
function evaluate(expression) {
  const tokens = expression.match(/[\d.]+(?:e[+-]?\d+)?|[-+*/()]/g);
  const next = () => tokens.shift();
  const operations = { '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => a / b };
  const chain = (operand, operators) => {
    let value = operand();
    while (operators.includes(tokens[0])) value = operations[next()](value, operand());
    return value;
  };
  const term = () => chain(factor, '*/');
  const factor = () => {
    const token = next();
    if (token !== '(') return Number(token);
    const value = chain(term, '+-');
    next();
    return value;
  };
  return chain(term, '+-');
}
