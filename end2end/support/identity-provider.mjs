// An identity provider that nobody here wrote: npm `oidc-provider`, which the OpenID Foundation has certified. People
// sign in there with any name and any password.

import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

/** What this server is called there. */
export const CLIENT = { id: 'domovoi', secret: 'a-secret-of-the-tests' };

/** A running identity provider. */
export class IdentityProvider {
  #server = createServer();
  #issuer;
  #seen = [];

  /** Starts it on a free port; it answers once it knows where people come from. */
  static async start() {
    const provider = new IdentityProvider();
    provider.#server.listen(0, '127.0.0.1');
    await once(provider.#server, 'listening');
    provider.#issuer = `http://127.0.0.1:${provider.#server.address().port}`;
    return provider;
  }

  get issuer() {
    return this.#issuer;
  }

  /** What was asked for so far: method and path. */
  get seen() {
    return this.#seen;
  }

  /** Lets people of this server sign in. */
  serve(origin) {
    const provider = new Provider(this.#issuer, {
      clients: [
        {
          client_id: CLIENT.id,
          client_secret: CLIENT.secret,
          redirect_uris: [`${origin}/sign-in/openid/callback`],
        },
      ],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      pkce: { required: () => true },
      // Whoever signs in as `name@domain` has that address.
      findAccount: (_, id) => ({
        accountId: id,
        claims: () => ({ sub: id, email: id, email_verified: !id.startsWith('unverified'), name: id.split('@')[0] }),
      }),
    });
    const answer = provider.callback();
    this.#server.on('request', (request, response) => {
      this.#seen.push(`${request.method} ${request.url.split('?')[0]}`);
      answer(request, response);
    });
  }

  async stop() {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Signs in at the provider, which knows already what the server may be told. */
export async function signInAgain(page, name) {
  await page.locator('input[name="login"]').fill(name);
  await page.locator('input[name="password"]').fill('any');
  await page.locator('button[type="submit"]').click();
}

/** Signs in at the provider, on the page it shows. */
export async function signInThere(page, name) {
  await signInAgain(page, name);
  // It asks whether the server may know who that is.
  await page.locator('button[autofocus], button:has-text("Continue")').first().click();
}
