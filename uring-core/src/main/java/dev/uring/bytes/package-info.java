/**
 * Windows over native memory that own nothing.
 *
 * <p><b>What lives here.</b> {@link dev.uring.bytes.ByteView}, the read side a parser runs on;
 * {@link dev.uring.bytes.ByteWindow}, the same window seen by whoever lends it;
 * {@link dev.uring.bytes.ByteSink}, the write side an encoder runs on.
 *
 * <p><b>May import.</b> The JDK only, so that a codec depends on nothing that does I/O.
 *
 * <p><b>Threads.</b> None of these types is thread-safe; each belongs to the thread of its lender.
 *
 * <p><b>Who owns memory.</b> Never the window. The lender keeps the memory alive for the loan and
 * ends the loan; a view used after that throws and names its lender.
 *
 * <p><b>Why not {@code ByteBuffer}.</b> A buffer carries a position that every reader fights over,
 * cannot be told that its loan has ended, and is re-created for every slice. A view has no position
 * and one object serves a connection for its whole life.
 *
 * <p><b>Read next.</b> {@code dev.uring.codec}, then {@code dev.uring.net}.
 */
package dev.uring.bytes;
