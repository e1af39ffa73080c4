/** Work that comes round again. One run at a time; a run that failed is told about, and the next one has it to do. */
export class RepeatingTask {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    private readonly everyMs: number,
    private readonly task: () => Promise<unknown>,
    private readonly onTrouble: (error: unknown) => void,
    /** What must not be left undone is done once more after the last call. */
    private readonly onceMoreAtStop = false,
  ) {}

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
    if (this.onceMoreAtStop) await this.task();
  }

  async #run(): Promise<void> {
    try {
      await this.task();
    } catch (error) {
      this.onTrouble(error);
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => (this.#running = this.#run()), this.everyMs);
    this.#timer.unref();
  }
}
