package dev.uring.sim

import java.net.InetAddress
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds

/** What lies between two hosts. */
internal class Link(
    var latency: ClosedRange<Duration>,
    var loss: Double,
    var isCut: Boolean = false,
)

/** Who can reach whom, and how long it takes. */
internal class Network(
    private val world: World,
) {
    private val hosts = LinkedHashMap<InetAddress, SimHost>()
    private val links = HashMap<Pair<String, String>, Link>()
    private val inside = Link(5.microseconds..30.microseconds, 0.0)
    val common = Link(100.microseconds..300.microseconds, 0.0)

    fun add(host: SimHost) {
        hosts[host.inetAddress] = host
    }

    val all: Collection<SimHost> get() = hosts.values

    fun nextAddress(): InetAddress = InetAddress.getByAddress(byteArrayOf(10, 0, 0, (hosts.size + 1).toByte()))

    /** The host that has an address, seen from another; null when none has. */
    fun find(
        from: SimHost,
        address: InetAddress,
    ): SimHost? = if (address.isLoopbackAddress || address.isAnyLocalAddress) from else hosts[address]

    fun link(
        from: SimHost,
        to: SimHost,
    ): Link = if (from === to) inside else links[from.name to to.name] ?: common

    /** The link of one direction, on its own from now on. */
    fun ownLink(
        from: SimHost,
        to: SimHost,
    ): Link = links.getOrPut(from.name to to.name) { Link(common.latency, common.loss) }

    /** Brings what must arrive: a loss is made up for, later; a cut holds it up. */
    fun carry(
        from: SimHost,
        to: SimHost,
        arrive: () -> Unit,
    ) {
        val link = link(from, to)
        val lost = if (world.chance(link.loss)) RETRANSMIT.inWholeNanoseconds else 0
        world.after(world.draw(link.latency.nanos) + lost) { arriveUnlessCut(from, to, arrive) }
    }

    /** Brings what may be lost. */
    fun carryOnce(
        from: SimHost,
        to: SimHost,
        arrive: () -> Unit,
    ) {
        val link = link(from, to)
        if (!world.chance(link.loss)) {
            world.after(world.draw(link.latency.nanos)) { if (!link(from, to).isCut) arrive() }
        }
    }

    private fun arriveUnlessCut(
        from: SimHost,
        to: SimHost,
        arrive: () -> Unit,
    ) {
        if (link(from, to).isCut) {
            world.after(RETRANSMIT.inWholeNanoseconds) { arriveUnlessCut(from, to, arrive) }
        } else {
            arrive()
        }
    }

    companion object {
        // The least time after which TCP sends again.
        val RETRANSMIT = 200.milliseconds
    }
}
