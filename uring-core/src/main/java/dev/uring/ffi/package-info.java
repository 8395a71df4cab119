/**
 * Calls into the C library and the kernel: the only package that uses a {@code Linker} or
 * {@code reinterpret}.
 *
 * <p><b>What lives here.</b> {@link dev.uring.ffi.Libc} for sockets, memory mappings and limits,
 * {@link dev.uring.ffi.IoUringSyscalls} for the three calls of io_uring, and the package-private
 * {@code Downcalls} that binds both. Every call returns what the kernel returned: zero or more, or
 * <em>minus</em> the error number. Callers decide what is an error; nothing is thrown for what a
 * peer or a signal can cause.
 *
 * <p><b>May import.</b> {@code abi} and {@code base}.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. The error number is captured with
 * the call, before the virtual machine can run anything else on the thread and overwrite it.
 *
 * <p><b>Who owns memory.</b> The caller, except for {@link dev.uring.ffi.Libc#mmap}, whose segment
 * belongs to the arena it is given. Variants that take a {@code long} address trust it: the caller
 * keeps that memory alive.
 *
 * <p><b>Why plain downcalls.</b> {@code Linker.Option.critical} saves nothing measurable on a call
 * that enters the kernel, and a thread in a critical downcall holds up every safepoint: a wait for
 * completions would stop the whole program. A plain downcall with a captured error number costs
 * about 12 ns.
 *
 * <p><b>Read next.</b> {@code dev.uring.ring}, which uses these calls.
 */
package dev.uring.ffi;
