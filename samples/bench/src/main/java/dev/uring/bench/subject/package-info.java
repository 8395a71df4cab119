/**
 * The servers that are measured, each with a {@code main} of its own.
 *
 * <h2>What lives here</h2>
 *
 * Echo on our callback API and our DSL, on Netty's two native transports and on the JDK's selector;
 * twins with known faults for the self-check; {@link dev.uring.bench.subject.SubjectControl}, by
 * which all of them answer the harness.
 *
 * <h2>May import</h2>
 *
 * What is measured, and nothing of the harness: these classes run in other processes.
 *
 * <h2>Threads</h2>
 *
 * The server has one; the main thread answers the harness.
 *
 * <h2>Read next</h2>
 *
 * {@code echo_uring.c}, the C reference of the same design.
 */
package dev.uring.bench.subject;
