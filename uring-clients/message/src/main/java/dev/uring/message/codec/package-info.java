/**
 * Messages and their wire format without I/O: bytes in, messages out, and back.
 *
 * <p><b>What lives here.</b> {@link dev.uring.message.codec.Message}, its
 * {@link dev.uring.message.codec.TextHeaders} and body;
 * {@link dev.uring.message.codec.MessageRules}, what may be sent;
 * {@link dev.uring.message.codec.MessageEncoder} and {@link dev.uring.message.codec.MessageView},
 * the wire; {@link dev.uring.message.codec.WireFormat}, its two versions;
 * {@link dev.uring.message.codec.MessagePool}, messages to use again.
 *
 * <p><b>May import.</b> {@code dev.uring.bytes} and {@code dev.uring.codec} only: no socket, no
 * clock, no coroutine.
 *
 * <p><b>Threads.</b> A message belongs to one thread at a time, and changes it by being handed
 * over.
 *
 * <p><b>Who owns memory.</b> A message owns its bytes; a
 * {@link dev.uring.message.codec.MessageView} borrows those of a receive buffer.
 *
 * <p><b>How compatible.</b> With tofu byte for byte: version 1 is what it spoke until 2025, version
 * 2 what it speaks since. The versions do not understand each other, and nothing on the wire tells
 * them apart: both sides have to be set to the same one.
 *
 * <p><b>Read next.</b> {@code dev.uring.message}, the engine.
 */
package dev.uring.message.codec;
