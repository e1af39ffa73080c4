/** What a contract suite needs of an adapter: a fresh store for each test, and the way to clean up after it. */
export interface Made<Store> {
  readonly store: Store;
  /** Another connection to the same data, as a second process has it; absent where an adapter has none. */
  readonly another?: () => Promise<Store>;
  /** Closes what the test left open and removes the data. */
  readonly remove: () => Promise<void>;
}

export type Make<Store> = () => Promise<Made<Store>>;
