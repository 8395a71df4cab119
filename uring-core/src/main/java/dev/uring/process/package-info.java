/**
 * What a program has to do with other processes: its children, and the signals sent to it.
 *
 * <p><b>What lives here.</b> {@link dev.uring.process.Command}, what is to be run;
 * {@link dev.uring.process.ChildProcess}, what became of it, with a
 * {@link dev.uring.process.PipeReader} or {@link dev.uring.process.PipeWriter} for each of its
 * standard streams that is a pipe; {@link dev.uring.process.Signals}.
 *
 * <p><b>May import.</b> {@code worker}, {@code driver}, {@code buffer}, {@code bytes}, {@code ffi},
 * {@code abi}, {@code base}.
 *
 * <p><b>Threads.</b> A child and its pipes belong to one worker. Starting one blocks, in the kernel
 * and on the disk its program lies on, and is done on threads that may; everything else goes
 * through the worker's ring.
 *
 * <p><b>Who owns memory.</b> A pipe has one block for as long as it is used. What is read is lent;
 * what is written is borrowed until it is written.
 *
 * <p><b>Order.</b> A child is known by a descriptor and never by its number, so no signal can reach
 * a stranger that was given the number afterwards; and it is waited for exactly once, so no zombie
 * is left.
 *
 * <p><b>Read next.</b> {@code dev.uring.UringRuntime}.
 */
package dev.uring.process;
