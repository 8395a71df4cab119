/**
 * The load generator in Java, for machines without gcc.
 *
 * <h2>What lives here</h2>
 *
 * {@link dev.uring.bench.load.NioLoadGenerator}, the same protocol, content and closed loop as
 * {@code load.c}.
 *
 * <h2>Threads</h2>
 *
 * One; nothing here is shared.
 *
 * <h2>Read next</h2>
 *
 * {@code load.c}, which says what the commands mean.
 */
package dev.uring.bench.load;
