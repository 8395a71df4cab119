package dev.uring.dsl

import dev.uring.net.UdpPeer
import kotlinx.io.bytestring.ByteString

/**
 * A datagram that the program owns: a copy, for as long as it likes and for any thread.
 *
 * [fullBytes] is the size it was sent with, more than [payload] holds when the socket cut it.
 */
public class Datagram(
    /** Its bytes. */
    public val payload: ByteString,
    /** Who sent it. */
    public val peer: UdpPeer,
    /** How many bytes it had when it was sent. */
    public val fullBytes: Int = payload.size,
) {
    override fun toString(): String = "Datagram(${payload.size} bytes from $peer)"
}
