package dev.uring.driver

import java.lang.foreign.MemorySegment

/** As [DriverSide], for what is sent as a datagram. */
internal object DatagramSide {
    fun memory(send: DatagramSend): MemorySegment = send.memory

    fun offset(send: DatagramSend): Long = send.offset

    fun length(send: DatagramSend): Int = send.length()

    fun segmentBytes(send: DatagramSend): Int = send.segmentBytes()

    /** Who shall get it, or null for the connected peer. */
    fun to(send: DatagramSend): PackedAddress? = send.to()
}
