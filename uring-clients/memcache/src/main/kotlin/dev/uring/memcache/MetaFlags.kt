package dev.uring.memcache

import dev.uring.memcache.codec.MemcacheWriter
import kotlin.time.Duration

/** What one meta get asks for; each property is a flag of `mg`. All are off but [value]. */
public class MetaGet internal constructor() {
    /** `v` and `f`. */
    public var value: Boolean = true

    /** `c`. */
    public var cas: Boolean = false

    /** `t`. */
    public var ttl: Boolean = false

    /** `s`. */
    public var size: Boolean = false

    /** `h`. */
    public var wasRead: Boolean = false

    /** `l`. */
    public var idle: Boolean = false

    /** `k`. */
    public var key: Boolean = false

    /** `O`: comes back with the reply; ASCII without spaces, up to 32. */
    public var opaque: String? = null

    /** `T`: from now on it expires so long from now. */
    public var touch: Duration? = null

    /** `N`: a missing item is made, empty, for so long, and the caller wins it. */
    public var createFor: Duration? = null

    /** `R`: who reads it with less time left than this wins it. */
    public var recacheBelow: Duration? = null

    /** `u`: the read does not count as use: the item is evicted as if it had not been. */
    public var noBump: Boolean = false

    /** `E`: the cas of an item that [createFor] makes. Since memcached 1.6.22. */
    public var newCas: Long? = null

    internal fun writeTo(writer: MemcacheWriter) {
        if (value) writer.flag('v').flag('f')
        if (cas) writer.flag('c')
        if (ttl) writer.flag('t')
        if (size) writer.flag('s')
        if (wasRead) writer.flag('h')
        if (idle) writer.flag('l')
        if (key) writer.flag('k')
        opaque?.let { writer.flag('O', it) }
        touch?.let { writer.flag('T', expirySeconds(it)) }
        createFor?.let { writer.flag('N', expirySeconds(it)).once() }
        recacheBelow?.let { writer.flag('R', expirySeconds(it)).once() }
        if (noBump) writer.flag('u')
        newCas?.let { writer.flagUnsigned('E', it) }
    }
}

/** What a meta set does. */
public enum class SetMode(
    internal val letter: String,
) {
    SET("S"),
    ADD("E"),
    REPLACE("R"),
    APPEND("A"),
    PREPEND("P"),
}

/** How one meta set stores; each property is a flag of `ms`. */
public class MetaSet internal constructor() {
    /** `M`. */
    public var mode: SetMode = SetMode.SET

    /** `T`. */
    public var expiresIn: Duration = Duration.INFINITE

    /** `C`: only if the item has this cas. */
    public var compareCas: Long? = null

    /** `I`: with [compareCas], an item with a higher cas takes the value too, and is marked stale. */
    public var invalidate: Boolean = false

    /** `c`: the new cas is wanted. */
    public var cas: Boolean = false

    /** `N`: of append and prepend: an item that is missing is made, for so long. */
    public var createFor: Duration? = null

    /** `O`. */
    public var opaque: String? = null

    /** `E`: the item's new cas, of the program's own numbering. Since memcached 1.6.22. */
    public var newCas: Long? = null

    /** `k`: the key comes back. */
    public var key: Boolean = false

    internal fun writeTo(writer: MemcacheWriter) {
        if (mode != SetMode.SET) writer.flag('M', mode.letter)
        if (expiresIn.isFinite()) writer.flag('T', expirySeconds(expiresIn))
        compareCas?.let { writer.flagUnsigned('C', it) }
        if (invalidate) writer.flag('I')
        if (cas) writer.flag('c')
        createFor?.let { writer.flag('N', expirySeconds(it)) }
        opaque?.let { writer.flag('O', it) }
        newCas?.let { writer.flagUnsigned('E', it) }
        if (key) writer.flag('k')
    }
}

/** How one meta delete deletes; each property is a flag of `md`. */
public class MetaDelete internal constructor() {
    /** `C`: only if the item has this cas. */
    public var compareCas: Long? = null

    /** `I`: the item stays, marked stale, and the next reader wins it. */
    public var invalidate: Boolean = false

    /** `T`: with [invalidate], how long it stays. */
    public var staleFor: Duration? = null

    /** `O`. */
    public var opaque: String? = null

    /** `x`: the value and the client flags go, the item stays: for a mark that it is gone. Since memcached 1.6.34. */
    public var removeValue: Boolean = false

    /** `E`: the item's new cas, of the program's own numbering. Since memcached 1.6.22. */
    public var newCas: Long? = null

    /** `k`: the key comes back. */
    public var key: Boolean = false

    internal fun writeTo(writer: MemcacheWriter) {
        compareCas?.let { writer.flagUnsigned('C', it) }
        if (invalidate) writer.flag('I')
        staleFor?.let { writer.flag('T', expirySeconds(it)) }
        opaque?.let { writer.flag('O', it) }
        if (removeValue) writer.flag('x')
        newCas?.let { writer.flagUnsigned('E', it) }
        if (key) writer.flag('k')
    }
}

/** What one meta arithmetic does; each property is a flag of `ma`. */
public class MetaArithmetic internal constructor() {
    /** `D`: unsigned. */
    public var delta: Long = 1

    /** `M`: takes away instead of adding. */
    public var decrement: Boolean = false

    /** `N`: a missing item is made, for so long, with [initial]. */
    public var createFor: Duration? = null

    /** `J`: unsigned. */
    public var initial: Long = 0

    /** `T`: from now on it expires so long from now. */
    public var touch: Duration? = null

    /** `C`: only if the item has this cas. */
    public var compareCas: Long? = null

    /** `c`. */
    public var cas: Boolean = false

    /** `t`. */
    public var ttl: Boolean = false

    /** `O`. */
    public var opaque: String? = null

    /** `E`: the item's new cas, of the program's own numbering. Since memcached 1.6.22. */
    public var newCas: Long? = null

    /** `k`: the key comes back. */
    public var key: Boolean = false

    internal fun writeTo(writer: MemcacheWriter) {
        writer.flag('v').flagUnsigned('D', delta)
        if (decrement) writer.flag('M', "D")
        createFor?.let { writer.flag('N', expirySeconds(it)).flagUnsigned('J', initial) }
        touch?.let { writer.flag('T', expirySeconds(it)) }
        compareCas?.let { writer.flagUnsigned('C', it) }
        if (cas) writer.flag('c')
        if (ttl) writer.flag('t')
        opaque?.let { writer.flag('O', it) }
        newCas?.let { writer.flagUnsigned('E', it) }
        if (key) writer.flag('k')
    }
}
