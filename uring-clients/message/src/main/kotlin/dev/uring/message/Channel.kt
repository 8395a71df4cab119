package dev.uring.message

import dev.uring.UringRuntime
import dev.uring.base.ConfigException
import dev.uring.base.UringException
import dev.uring.message.codec.ChannelAddress
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import dev.uring.message.codec.MessageType
import dev.uring.net.Listener
import dev.uring.socket.SocketOptions

/** What has a number: the end of a connection, or a listener. */
internal sealed class Channel(
    val number: Int,
    val group: Group,
) {
    /** Ends it when what it has to send is sent. On any thread. */
    abstract fun leave()
}

/** A listener. Any thread; its own things are guarded by itself. */
internal class ListenChannel(
    number: Int,
    group: Group,
    private val address: ChannelAddress,
) : Channel(number, group) {
    private var listener: Listener? = null
    private var isOver = false

    /** Takes [envelope], which was sent over it: its welcome, or its end. */
    fun accept(envelope: Envelope) {
        if (envelope.kind == MessageOperation.WELCOME_REQUEST) {
            open(group.engine.runtime, envelope)
        } else {
            envelope.fail(MessageStatus.CHANNEL_CLOSED)
            group.giveBack(envelope)
            leave()
        }
    }

    fun takes(kind: MessageOperation): Boolean =
        kind == MessageOperation.WELCOME_REQUEST || kind.type() == MessageType.BYE

    @Synchronized
    private fun open(
        runtime: UringRuntime,
        welcome: Envelope,
    ) {
        welcome.setKind(MessageOperation.WELCOME_RESPONSE)
        val status = listen(runtime)
        if (status != MessageStatus.SUCCESS) {
            welcome.fail(status)
            isOver = true
            group.ended(this)
        }
        group.giveBack(welcome)
    }

    private fun listen(runtime: UringRuntime): MessageStatus =
        try {
            val tls = group.engine.config.tlsServer
            val endpoint = address.toEndpoint()
            val options = SocketOptions.defaults()
            listener =
                if (tls == null || address.kind() == ChannelAddress.Kind.UDS) {
                    runtime.listen(endpoint, options, group::accept)
                } else {
                    runtime.listen(endpoint, options, tls, group::accept)
                }
            MessageStatus.SUCCESS
        } catch (_: ConfigException) {
            MessageStatus.INVALID_ADDRESS
        } catch (failure: UringException) {
            // The kernel's words for an address that is not this machine's.
            if ("EADDRNOTAVAIL" in
                failure.message.orEmpty()
            ) {
                MessageStatus.INVALID_ADDRESS
            } else {
                MessageStatus.LISTEN_FAILED
            }
        }

    /** Where it listens, with the port that the system has chosen. */
    @Synchronized
    fun boundAddress(): ChannelAddress? {
        val open = listener ?: return null
        return if (address.kind() ==
            ChannelAddress.Kind.UDS
        ) {
            address
        } else {
            ChannelAddress.tcp(address.host(), open.port())
        }
    }

    @Synchronized
    override fun leave() {
        if (isOver) return
        isOver = true
        val open = listener
        if (open == null) {
            group.listenEnded(this)
        } else {
            open.close()
            open.closed().whenComplete { _, _ -> group.listenEnded(this) }
        }
    }
}
