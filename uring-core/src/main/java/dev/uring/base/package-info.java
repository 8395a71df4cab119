/**
 * The exceptions every layer may throw, with their values as fields.
 *
 * <p><b>What lives here.</b> {@link dev.uring.base.UringException} and its kinds.
 *
 * <p><b>May import.</b> The JDK only.
 *
 * <p><b>Threads.</b> Immutable.
 *
 * <p><b>Read next.</b> {@code dev.uring.RuntimeConfig}, whose limits these exceptions quote.
 */
package dev.uring.base;
