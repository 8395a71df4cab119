package dev.uring.sim

import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds

/**
 * What the simulated kernel does to a program that a kernel may do, and seldom does: how likely, and how badly.
 *
 * ### Shapes and units
 * Chances from 0 to 1, for each occasion: 0 is never, and the default. All of it is legal: a program that fails under
 * these fails in the field, on a bad day.
 * ### Threading and cancellation
 * May be changed at any time by the thread of the test, and in [Simulation.at].
 */
public class Faults internal constructor() {
    /** A receive brings fewer bytes than there are: any number from 1. */
    public var shortReads: Double = 0.0

    /** A receive brings one byte. */
    public var oneByteReads: Double = 0.0

    /** A send takes fewer bytes than it was given: any number from 1. */
    public var shortWrites: Double = 0.0

    /** No receive buffer is free, though one is (`ENOBUFS`). */
    public var noBuffers: Double = 0.0

    /** A multishot accept or receive ends with this answer. */
    public var multishotEnds: Double = 0.0

    /** A wait for answers ends without one (`EINTR`). */
    public var interruptedWaits: Double = 0.0

    /** What was asked for is not taken by the kernel yet (`EAGAIN`, `EBUSY`). */
    public var refusedSubmissions: Double = 0.0

    /** The completion queue is full: answers wait until the program has asked once more. */
    public var overflows: Double = 0.0

    /** A cancellation comes when the answer is there already. */
    public var lateCancels: Double = 0.0

    /** The kernel copies a zero-copy send all the same, and says so. */
    public var zeroCopyCopied: Double = 0.0

    /** A zero-copy send is refused with `EOPNOTSUPP`. */
    public var zeroCopyRefused: Double = 0.0

    /** An accepted connection is gone before it is accepted (`ECONNABORTED`), or no descriptor is left (`EMFILE`). */
    public var acceptFailures: Double = 0.0

    /** A connect is refused though somebody listens. */
    public var refusedConnects: Double = 0.0

    /** A segment of a stream is followed by a reset of the connection. */
    public var resets: Double = 0.0

    /** A host's clock jumps ahead with an answer, as that of a machine that was suspended. */
    public var clockJumps: Double = 0.0

    /** A datagram arrives twice. */
    public var duplicates: Double = 0.0

    /** A write to a file is short, and its rest lost if the host loses power. */
    public var tornWrites: Double = 0.0

    /** An operation on a file fails (`EIO`), or finds the disk full (`ENOSPC`) when it writes. */
    public var fileFailures: Double = 0.0

    /** How long the kernel takes for each operation: independent ones overtake each other within this. */
    public var completionDelay: ClosedRange<Duration> = 1.microseconds..5.microseconds

    /** How long after its answer a zero-copy send's memory is let go of. */
    public var zeroCopyDelay: ClosedRange<Duration> = 10.microseconds..100.microseconds

    /** How far a clock jumps. */
    public var clockJump: ClosedRange<Duration> = 1.milliseconds..500.milliseconds

    /** Bytes of a stream that may be under way or unread in each direction: a small one blocks senders. */
    public var windowBytes: IntRange = 65_536..65_536

    /** Bytes that travel together. */
    public var segmentBytes: IntRange = 1_448..16_384

    /**
     * Everything that leaves connections whole, at one chance: nothing of it may be seen by a program that only sends and
     * receives.
     */
    public fun harmless(chance: Double) {
        shortReads = chance
        oneByteReads = chance
        shortWrites = chance
        noBuffers = chance
        multishotEnds = chance
        interruptedWaits = chance
        refusedSubmissions = chance
        overflows = chance
        lateCancels = chance
        zeroCopyCopied = chance / RARE
        duplicates = chance
        completionDelay = 1.microseconds..200.microseconds
        zeroCopyDelay = 10.microseconds..5.milliseconds
        windowBytes = 1..32_768
        segmentBytes = 1..4_096
    }

    /** [harmless], and what ends connections or keeps them from coming about. */
    public fun cruel(chance: Double) {
        harmless(chance)
        resets = chance / RARE
        acceptFailures = chance / RARE
        refusedConnects = chance / RARE
        zeroCopyRefused = chance / RARE
        clockJumps = chance / RARE
    }

    private companion object {
        // What ends a connection is drawn for each segment: at the full chance few would live to see anything else.
        const val RARE = 20
    }
}

internal val ClosedRange<Duration>.nanos: NanosRange
    get() = start.inWholeNanoseconds..endInclusive.inWholeNanoseconds
