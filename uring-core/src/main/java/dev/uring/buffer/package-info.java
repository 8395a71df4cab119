/**
 * Native memory of a worker, in blocks.
 *
 * <p><b>What lives here.</b> {@link dev.uring.buffer.BlockPool} and its
 * {@link dev.uring.buffer.Block}: unsent output and unfinished input live in them.
 * {@link dev.uring.buffer.BlockLease}: a block in a program's hands, to be filled and handed over.
 *
 * <p><b>May import.</b> {@code bytes}, {@code ffi}, {@code base}.
 *
 * <p><b>Threads.</b> A pool belongs to one worker.
 *
 * <p><b>Who owns memory.</b> The pool owns it all; a block is held by counted holders, and goes
 * back when the last one lets go. {@code blocksHeldCount()} is exact, so a test can ask for zero.
 *
 * <p><b>Read next.</b> {@code dev.uring.net}, where blocks are filled and sent.
 */
package dev.uring.buffer;
