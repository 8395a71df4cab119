package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ValueCodec

/** A place on the globe, in degrees. */
public data class GeoPoint(
    public val longitude: Double,
    public val latitude: Double,
) {
    internal fun writeTo(request: CommandWriter) {
        request.arg(longitude).arg(latitude)
    }

    internal companion object {
        val reply: Reply<GeoPoint> =
            Reply { r ->
                r.readArrayHeader()
                GeoPoint(r.readDouble(), r.readDouble())
            }
    }
}

/** A member and where it is. */
public data class GeoMember<out V>(
    public val member: V,
    public val place: GeoPoint,
)

/**
 * A member that a search found.
 *
 * @property distance from where the search began, in the search's unit
 * @property place as the server keeps it, a little off what was given
 * @property hash as which it keeps it
 */
public data class GeoHit<out V>(
    public val member: V,
    public val distance: Double,
    public val place: GeoPoint,
    public val hash: Long,
)

/** How many hits come at most; [isAny] takes the first that are found instead of the nearest, which is quicker. */
public data class GeoCount
    @JvmOverloads
    constructor(
        public val count: Long,
        public val isAny: Boolean = false,
    ) {
        internal fun writeTo(request: CommandWriter) {
            request.arg("COUNT").arg(count)
            if (isAny) request.arg("ANY")
        }
    }

/** Where a search begins. */
public sealed interface GeoOrigin<out V> {
    /** At a member. */
    public data class Member<V>(
        public val member: V,
    ) : GeoOrigin<V>

    /** At a place. */
    public data class Place(
        public val point: GeoPoint,
    ) : GeoOrigin<Nothing>
}

/** How far a search goes. */
public sealed interface GeoShape {
    /** As far as [radius] in every direction. */
    public data class Circle(
        public val radius: Double,
        public val unit: GeoUnit,
    ) : GeoShape

    /** Within a box around where it begins, its sides along the axes. */
    public data class Box(
        public val width: Double,
        public val height: Double,
        public val unit: GeoUnit,
    ) : GeoShape
}

internal fun <V> GeoOrigin<V>.writeTo(
    request: CommandWriter,
    values: ValueCodec<V>,
) {
    when (this) {
        is GeoOrigin.Member -> request.arg("FROMMEMBER").value(values, member)
        is GeoOrigin.Place -> point.writeTo(request.arg("FROMLONLAT"))
    }
}

internal fun GeoShape.writeTo(request: CommandWriter) {
    when (this) {
        is GeoShape.Circle -> {
            request.arg("BYRADIUS").arg(radius).arg(unit.word)
        }

        is GeoShape.Box -> {
            request
                .arg("BYBOX")
                .arg(width)
                .arg(height)
                .arg(unit.word)
        }
    }
}

/** A hit with everything that can be asked for, in the order that the server has: distance, hash, place. */
internal fun <V> geoHitReply(member: Reply<V>): Reply<GeoHit<V>> =
    Reply { r ->
        r.readArrayHeader()
        val found = member.read(r)
        val distance = r.readDouble()
        val hash = r.readLong()
        GeoHit(found, distance, GeoPoint.reply.read(r), hash)
    }
