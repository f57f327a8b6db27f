/** A page of the sandbox as a person without JavaScript has it. */
export class Page {
  private constructor(
    readonly url: string,
    readonly html: string,
  ) {}

  /** Loads the page. */
  static async open(url: string): Promise<Page> {
    return new Page(url, await (await fetch(url)).text());
  }

  /** Whether it has an element. */
  has(id: string): boolean {
    return this.html.includes(`id="${id}"`);
  }

  /** What an element says. */
  text(id: string): string | undefined {
    return new RegExp(`id="${id}"[^>]*>([^<]*)<`).exec(this.html)?.[1];
  }

  /** Where a link leads. */
  href(id: string): string | undefined {
    return new RegExp(`id="${id}"[^>]*href="([^"]*)"`).exec(this.html)?.[1];
  }

  /**
   * Presses a button, and returns where the person is sent.
   *
   * @param fields what was entered into the button's form
   */
  async press(id: string, fields: Record<string, string> = {}): Promise<string> {
    const form = new RegExp(`action="([^"]*)"[^>]*>\\s*<button id="${id}"`).exec(this.html)?.[1];
    if (form === undefined) throw new Error(`There is no button ${id}`);
    const sent = { method: 'POST', redirect: 'manual' as const };
    const body = Object.keys(fields).length > 0 ? { body: new URLSearchParams(fields) } : {};
    const response = await fetch(new URL(form, this.url), { ...sent, ...body });
    if (response.status !== 303) throw new Error(`${form} answered ${response.status}`);
    return new URL(String(response.headers.get('location')), this.url).href;
  }
}
