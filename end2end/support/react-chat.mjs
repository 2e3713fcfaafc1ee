// Components whose hook is `useAgentChat`, and one of them as a client that a script drives.

import { getToolName, isToolUIPart } from 'ai';
import { useHeardAgent, useViews } from './react.mjs';

const { useEffect } = await import('react');
const { useAgentChat } = await import('@cloudflare/ai-chat/react');

/** Components of a suite; they go away with it. `chat` among the options are `useAgentChat`'s. */
export function useChatViews(host) {
  return useViews(host, ChatComponent);
}

function ChatComponent({ view, options: { chat: chatOptions, ...options } }) {
  const agent = useHeardAgent(view, options);
  const chat = useAgentChat({
    agent,
    ...chatOptions,
    onData: (part) => view.hear('data', part),
    onError: (error) => view.hear('chat error', error),
    onTurnEnd: (end) => view.hear('turn end', end),
  });
  useEffect(() => view.committed(agent, chat));
  const { status, error, isStreaming, messages } = chat;
  return JSON.stringify({ identified: agent.identified, status, error: error?.message, isStreaming, messages });
}

/** `useAgentChat` in one conversation, with the deeds and the view that our client has as well. */
export class ReactChat {
  #view;

  constructor(view) {
    this.#view = view;
  }

  static async join(views, options) {
    return new ReactChat(await views.connect(options));
  }

  get view() {
    return this.#view;
  }

  /** What there is to see. */
  get seen() {
    const { agent, shown } = this.#view;
    const { status, error = null, isStreaming, messages } = shown ?? { messages: [] };
    // A turn of another tab, and one after a tool, have no status.
    return { connected: agent?.readyState === agent?.OPEN, status: isStreaming ? 'streaming' : status, error, messages };
  }

  until(fits) {
    return this.#view.until(fits, () => this.seen);
  }

  submit(text) {
    this.#view.chat.sendMessage({ text });
  }

  stop() {
    this.#view.chat.stop();
  }

  clear() {
    this.#view.chat.clearHistory();
  }

  regenerate() {
    this.#view.chat.regenerate();
  }

  /** Answers the call that waits for a client. */
  output(output) {
    const call = this.#waiting('input-available');
    this.#view.chat.addToolOutput({ toolCallId: call.toolCallId, toolName: getToolName(call), output });
  }

  /** Decides on the call that waits for a person. */
  decide(approved) {
    this.#view.chat.addToolApprovalResponse({ id: this.#waiting('approval-requested').approval.id, approved });
  }

  #waiting(state) {
    const parts = this.seen.messages.flatMap((message) => message.parts);
    return parts.find((part) => isToolUIPart(part) && part.state === state);
  }

  close() {
    this.#view.unmount();
  }
}
