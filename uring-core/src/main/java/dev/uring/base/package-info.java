/**
 * What every layer may use: exceptions with their values as fields, and a moment in time.
 *
 * <p><b>What lives here.</b> {@link dev.uring.base.UringException} and its kinds;
 * {@link dev.uring.base.Deadline}.
 *
 * <p><b>May import.</b> The JDK only.
 *
 * <p><b>Threads.</b> Immutable.
 *
 * <p><b>Read next.</b> {@code dev.uring.RuntimeConfig}, whose limits these exceptions quote.
 */
package dev.uring.base;
