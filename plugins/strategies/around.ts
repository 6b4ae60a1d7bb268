/** The indexes 0 to `length - 1`, beginning at one of them and going on around. */
export function* around(from: number, length: number): Generator<number, void> {
  for (let i = from; i < length; i++) yield i;
  for (let i = 0; i < from; i++) yield i;
}
