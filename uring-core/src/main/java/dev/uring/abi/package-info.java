/**
 * The kernel's numbers and layouts, and nothing else.
 *
 * <p><b>What lives here.</b> Constants of {@code <linux/io_uring.h>}, of the socket headers and of
 * {@code <errno.h>}, and the sizes and field offsets of the structures that cross the system-call
 * boundary. Each holder names its header; each constant that is younger than the supported floor
 * (Linux 6.1) says since which kernel it exists. Names are the kernel's own, so that a reader can
 * search the manual pages for them.
 *
 * <p><b>May import.</b> The JDK only.
 *
 * <p><b>Threads.</b> Constants only; no state.
 *
 * <p><b>Who owns memory.</b> Nobody: no memory is touched here. Offsets are plain {@code int} and
 * {@code long} rather than {@code VarHandle}s made from layout paths: hot code adds an offset to an
 * index, and a reader checks the number against the header without evaluating a path.
 * {@code LayoutsAgainstCTest} checks them against a C compiler.
 *
 * <p><b>Supported machines.</b> Linux on x86_64 and aarch64, both little-endian and 64-bit. Every
 * number here is the same on both; numbers that differ (most {@code open(2)} flags) are left out on
 * purpose.
 *
 * <p><b>Read next.</b> {@code dev.uring.ffi}, which makes the calls.
 */
package dev.uring.abi;
