/**
 * What the clients tell the JDK's flight recorder.
 *
 * <p><b>What lives here.</b> {@link dev.uring.client.jfr.CommandEvent}: one event for each command.
 *
 * <p><b>May import.</b> The JDK.
 *
 * <p><b>Threads.</b> An event belongs to the worker of its command.
 *
 * <p><b>Who owns memory.</b> Nobody: events are small objects, made only while a recording wants
 * them.
 *
 * <p><b>Read next.</b> {@code dev.uring.client.Request}, which fills them in.
 */
package dev.uring.client.jfr;
