/** What a contract suite needs of an adapter: a fresh store for each test, and the way to clean up after it. */
export interface Made<Store> {
  readonly store: Store;
  /** Closes what the test left open and removes the data. */
  readonly remove: () => Promise<void>;
}

export type Make<Store> = () => Promise<Made<Store>>;

export interface MadeShared<Store> extends Made<Store> {
  /** Another connection to the same data, as a second process has it; the test closes it. */
  readonly another: () => Promise<Store>;
}

/** Every adapter says whether several connections may share its data, so that none loses those tests unseen. */
export type Shared<Store> = (() => Promise<MadeShared<Store>>) | 'one connection only';
