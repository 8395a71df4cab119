package dev.uring.redis.commands

import kotlin.time.Clock
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.Instant

// Calls of typed functions with the results that a real server must give, by group. Each begins with an empty database.

internal suspend fun Calls.strings() {
    returns(true) { set("k", "v") }
    returns("v") { get("k") }
    returns(null) { get("none") }
    returns(false) { set("k", "w", condition = SetCondition.IfAbsent) }
    returns(true) { set("k", "w", condition = SetCondition.IfPresent, expiry = Expiry.After(1500.milliseconds)) }
    satisfies({ pttl("k") }) { it.timeOrNull!! in 1.milliseconds..1500.milliseconds }
    returns(true) { set("k", "v", keepTtl = true) }
    satisfies({ pttl("k") }) { it is TimeToLive.Limited }
    returns("v") { setGet("k", "x", expiry = Expiry.After(1.hours)) }
    returns(null) { setGet("fresh", "x") }
    returns(3L) { append("k", "yz") }
    returns("x") { getEx("k", persist = true).let { getRange("k", 0, 0) } }
    returns(TimeToLive.Unlimited) { ttl("k") }
    returns("xyz") { getEx("k", expiry = Expiry.At(Clock.System.now() + 1.days)) }
    returns("yz") { getRange("k", 1, -1) }
    returns("yz") { substr("k", 1, -1) }
    returns(5L) { setRange("k", 3, "ab") }
    returns(5L) { strlen("k") }
    returns("xyzab") { getSet("k", "n") }
    returns("n") { getDel("k") }
    returns(null) { getDel("k") }
    returns(1L) { incr("n") }
    returns(11L) { incrBy("n", 10) }
    returns(10L) { decr("n") }
    returns(7L) { decrBy("n", 3) }
    returns(7.5) { incrByFloat("n", 0.5) }
    returns(Unit) { mset("a" to "1", "b" to "2") }
    returns(Unit) { mset(mapOf("c" to "3")) }
    returns(Unit) { mset(listOf("d" to "4")) }
    returns(listOf("1", null, "3")) { mget("a", "none", "c") }
    returns(listOf<String?>("4")) { mget(listOf("d")) }
    returns(false) { msetNx("a" to "9", "z" to "9") }
    returns(true) { msetNx(mapOf("y" to "9", "z" to "9")) }
    returns(Unit) { setEx("e", 10.seconds, "v") }
    returns(Unit) { psetEx("e", 10.minutes, "v") }
    returns(true) { setNx("nx", "v") }
    returns(false) { setNx("nx", "v") }
    does { mset("l1" to "ohmytext", "l2" to "mynewtext") }
    returns("mytext") { lcs("l1", "l2") }
    returns(6L) { lcsLength("l1", "l2") }
    returns(
        LcsMatches(listOf(LcsMatch(4L..7L, 5L..8L, 4), LcsMatch(2L..3L, 0L..1L, 2)), 6),
    ) { lcsMatches("l1", "l2") }
    returns(listOf(LcsMatch(4L..7L, 5L..8L, 4))) { lcsMatches("l1", "l2", minMatchLength = 4).matches }
}

internal suspend fun Calls.hashes() {
    returns(2L) { hset("h", "a" to "1", "b" to "2") }
    returns(1L) { hset("h", "c", "3") }
    returns(0L) { hset("h", mapOf("a" to "1")) }
    returns("1") { hget("h", "a") }
    returns(null) { hget("h", "z") }
    returns(mapOf("a" to "1", "b" to "2", "c" to "3")) { hgetAll("h") }
    returns(emptyMap<String, String>()) { hgetAll("none") }
    returns(true) { hexists("h", "a") }
    returns(listOf("1", null)) { hmget("h", "a", "z") }
    returns(Unit) { hmset("h", mapOf("d" to "4")) }
    returns(5L) { hincrBy("h", "d", 1) }
    returns(5.5) { hincrByFloat("h", "d", 0.5) }
    returns(setOf("a", "b", "c", "d")) { hkeys("h").toSet() }
    returns(setOf("1", "2", "3", "5.5")) { hvals("h").toSet() }
    returns(4L) { hlen("h") }
    returns(3L) { hstrlen("h", "d") }
    returns(false) { hsetNx("h", "a", "9") }
    returns(true) { hsetNx("h", "e", "9") }
    satisfies({ hrandField("h") }) { it in setOf("a", "b", "c", "d", "e") }
    returns(null) { hrandField("none") }
    returns(5) { hrandField("h", 10).size }
    returns(10) { hrandField("h", -10).size }
    returns(
        setOf("a" to "1", "b" to "2", "c" to "3", "d" to "5.5", "e" to "9"),
    ) { hrandFieldWithValues("h", 5).toSet() }
    returns(emptyList<Pair<String, String>>()) { hrandFieldWithValues("none", 5) }
    returns(ScanPage(ScanPage.START, listOf("a" to "1"))) { hscan("h", match = "a*", count = 100) }
    returns(2L) { hdel("h", "a", "b", "z") }
    returns(1L) { hdel("h", listOf("c")) }
}

internal suspend fun Calls.lists() {
    returns(3L) { rpush("l", "a", "b", "c") }
    returns(4L) { lpush("l", "z") }
    returns(0L) { lpushx("none", "z") }
    returns(5L) { rpushx("l", listOf("d")) }
    returns(listOf("z", "a", "b", "c", "d")) { lrange("l", 0, -1) }
    returns(emptyList<String>()) { lrange("none", 0, -1) }
    returns("z") { lpop("l") }
    returns("d") { rpop("l") }
    returns(null) { lpop("none") }
    returns(emptyList<String>()) { lpop("none", 2) }
    returns(listOf("a", "b")) { lpop("l", 2) }
    returns(listOf("c")) { rpop("l", 2) }
    does { rpush("l", "a", "b", "a", "c") }
    returns("c") { lindex("l", -1) }
    returns(null) { lindex("l", 9) }
    returns(5L) { linsert("l", InsertPlace.Before, "c", "x") }
    returns(-1L) { linsert("l", InsertPlace.After, "none", "x") }
    returns(5L) { llen("l") }
    returns(2L) { lpos("l", "a", rank = 2) }
    returns(null) { lpos("l", "none") }
    returns(listOf(0L, 2L)) { lposAll("l", "a") }
    returns(emptyList<Long>()) { lposAll("l", "none", maxLength = 2) }
    returns(2L) { lrem("l", 0, "a") }
    returns(Unit) { lset("l", 0, "first") }
    returns(Unit) { ltrim("l", 0, 1) }
    returns("x") { lmove("l", "m", ListEnd.Right, ListEnd.Left) }
    returns("first") { rpopLpush("l", "m") }
    returns(null) { lmove("none", "m", ListEnd.Right, ListEnd.Left) }
    returns(KeyedValues("m", listOf("first"))) { lmpop("none", "m", from = ListEnd.Left) }
    returns(null) { lmpop("none", from = ListEnd.Left) }
    does { rpush("m", "p", "q", "r", "s") }
    returns(KeyedValue("m", "x")) { blpop("none", "m", timeout = 1.seconds) }
    returns(KeyedValue("m", "s")) { brpop(listOf("m"), timeout = 1.seconds) }
    returns("p") { blmove("m", "o", ListEnd.Left, ListEnd.Right, 1.seconds) }
    returns("r") { brpopLpush("m", "o", 1.seconds) }
    returns(KeyedValues("m", listOf("q"))) { blmpop(1.seconds, "m", from = ListEnd.Left, count = 3) }
    returns(null) { blpop("none", timeout = 10.milliseconds) }
    returns(null) { blmpop(10.milliseconds, listOf("none"), ListEnd.Left) }
    returns(null) { blmove("none", "o", ListEnd.Left, ListEnd.Right, 10.milliseconds) }
}

internal suspend fun Calls.sets() {
    returns(3L) { sadd("s", "a", "b", "c") }
    returns(1L) { sadd("t", listOf("b")) }
    returns(3L) { scard("s") }
    returns(setOf("a", "b", "c")) { smembers("s") }
    returns(setOf("a", "c")) { sdiff("s", "t") }
    returns(setOf("b")) { sinter("s", "t") }
    returns(setOf("a", "b", "c")) { sunion(listOf("s", "t")) }
    returns(2L) { sdiffStore("d", "s", "t") }
    returns(1L) { sinterStore("d", "s", "t") }
    returns(3L) { sunionStore("d", "s", "t") }
    returns(1L) { sinterCard("s", "t", limit = 5) }
    returns(true) { sisMember("s", "a") }
    returns(listOf(true, false)) { smisMember("s", "a", "z") }
    returns(true) { smove("s", "t", "a") }
    returns(false) { smove("s", "t", "a") }
    satisfies({ srandMember("s") }) { it in setOf("b", "c") }
    returns(null) { srandMember("none") }
    returns(5) { srandMember("s", -5).size }
    returns(ScanPage(ScanPage.START, listOf("b"))) { sscan("s", match = "b") }
    returns(1L) { srem("s", "b", "z") }
    returns("c") { spop("s") }
    returns(null) { spop("s") }
    returns(setOf("a", "b")) { spop("t", 9) }
    returns(emptySet<String>()) { smembers("none") }
}

internal suspend fun Calls.sortedSets() {
    val a = ScoredMember("a", 1.0)
    val b = ScoredMember("b", 2.0)
    val c = ScoredMember("c", 3.5)
    returns(1L) { zadd("z", 1.0, "a") }
    returns(2L) { zadd("z", b, c) }
    returns(
        1L,
    ) { zadd("z", listOf(ScoredMember("b", 9.0)), comparison = ScoreComparison.IfGreater, countChanged = true) }
    returns(0L) { zadd("z", b, condition = SetCondition.IfPresent) }
    returns(null) { zaddIncr("z", 1.0, "a", condition = SetCondition.IfAbsent) }
    returns(1.5) { zaddIncr("z", 0.5, "a") }
    returns(1.0) { zincrBy("z", -0.5, "a") }
    returns(3L) { zcard("z") }
    returns(2L) { zcount("z", ScoreBound.excluding(1.0), ScoreBound.HIGHEST) }
    returns(3.5) { zscore("z", "c") }
    returns(null) { zscore("z", "none") }
    returns(listOf(1.0, null)) { zmscore("z", "a", "none") }
    returns(1L) { zrank("z", "b") }
    returns(1L) { zrevRank("z", "b") }
    returns(null) { zrank("z", "none") }
    returns(listOf("a", "b")) { zrange("z", SortedSetRange.byRank(0, 1)) }
    returns(listOf(c, b)) { zrangeWithScores("z", SortedSetRange.byRank(0, 1, isReversed = true)) }
    val scores = SortedSetRange.byScore(ScoreBound.LOWEST, ScoreBound.including(3.5), true, Limit(1, 1))
    returns(listOf("b")) { zrange("z", scores) }
    returns(listOf(b, c)) { zrangeByScoreWithScores("z", ScoreBound.excluding(1.0), ScoreBound.HIGHEST) }
    returns(listOf("a")) { zrangeByScore("z", ScoreBound.LOWEST, ScoreBound.HIGHEST, Limit(0, 1)) }
    returns(listOf("c", "b", "a")) { zrevRange("z", 0, -1) }
    returns(listOf(c)) { zrevRangeWithScores("z", 0, 0) }
    returns(listOf("c", "b")) { zrevRangeByScore("z", ScoreBound.HIGHEST, ScoreBound.excluding(1.0)) }
    returns(listOf(a)) { zrevRangeByScoreWithScores("z", ScoreBound.including(1.0), ScoreBound.LOWEST) }
    returns(2L) { zrangeStore("copy", "z", SortedSetRange.byRank(0, 1)) }
    does { zadd("lex", ScoredMember("a", 0.0), ScoredMember("b", 0.0), ScoredMember("c", 0.0)) }
    returns(2L) { zlexCount("lex", LexBound.excluding("a"), LexBound.HIGHEST) }
    returns(listOf("a", "b")) { zrangeByLex("lex", LexBound.LOWEST, LexBound.including("b")) }
    returns(listOf("c", "b")) { zrevRangeByLex("lex", LexBound.HIGHEST, LexBound.LOWEST, Limit(0, 2)) }
    val letters = SortedSetRange.byLex(LexBound.including("a"), LexBound.excluding("c"), isReversed = true)
    returns(listOf("b", "a")) { zrange("lex", letters) }
    returns(1L) { zremRangeByLex("lex", LexBound.LOWEST, LexBound.including("a")) }
    returns(1L) { zremRangeByRank("lex", 0, 0) }
    returns(1L) { zremRangeByScore("lex", ScoreBound.LOWEST, ScoreBound.including(0.0)) }
    does { zadd("y", ScoredMember("b", 10.0), ScoredMember("d", 4.0)) }
    returns(listOf("a", "c")) { zdiff("z", "y") }
    returns(listOf(a, c)) { zdiffWithScores("z", "y") }
    returns(2L) { zdiffStore("d", "z", "y") }
    returns(listOf("b")) { zinter("z", "y") }
    returns(listOf(ScoredMember("b", 12.0))) { zinterWithScores("z", "y") }
    returns(listOf(ScoredMember("b", 4.0))) {
        zinterWithScores(listOf("z", "y"), weights = listOf(2.0, 1.0), aggregate = Aggregate.Min)
    }
    returns(1L) { zinterCard("z", "y", limit = 3) }
    returns(1L) { zinterStore("d", "z", "y", aggregate = Aggregate.Max) }
    returns(listOf("a", "c", "d", "b")) { zunion("z", "y") }
    returns(4) { zunionWithScores("z", "y", weights = listOf(1.0, 2.0)).size }
    returns(4L) { zunionStore("d", "z", "y") }
    returns(ScanPage(ScanPage.START, listOf(c))) { zscan("z", match = "c") }
    satisfies({ zrandMember("z") }) { it in setOf("a", "b", "c") }
    returns(null) { zrandMember("none") }
    returns(7) { zrandMember("z", -7).size }
    returns(setOf(a, b, c)) { zrandMemberWithScores("z", 3).toSet() }
    returns(a) { zpopMin("z") }
    returns(null) { zpopMin("none") }
    returns(c) { zpopMax("z") }
    does { zadd("z", a, c) }
    returns(listOf(a, b)) { zpopMin("z", 2) }
    returns(listOf(c)) { zpopMax("z", 2) }
    does { zadd("z", a, b, c, ScoredMember("d", 4.0), ScoredMember("e", 5.0)) }
    returns(KeyedScoredMembers("z", listOf(a))) { zmpop("none", "z", end = ScoreEnd.Min) }
    returns(null) { zmpop("none", end = ScoreEnd.Min) }
    returns(KeyedScoredMembers("z", listOf(ScoredMember("e", 5.0), ScoredMember("d", 4.0)))) {
        bzmpop(1.seconds, "z", end = ScoreEnd.Max, count = 2)
    }
    returns(KeyedScoredMember("z", "b", 2.0)) { bzpopMin("z", timeout = 1.seconds) }
    returns(KeyedScoredMember("z", "c", 3.5)) { bzpopMax("none", "z", timeout = 1.seconds) }
    returns(null) { bzpopMax("z", timeout = 10.milliseconds) }
    returns(null) { bzmpop(10.milliseconds, "z", end = ScoreEnd.Max) }
    does { zadd("infinite", Double.POSITIVE_INFINITY, "up") }
    returns(Double.POSITIVE_INFINITY) { zscore("infinite", "up") }
    returns(1L) { zrem("infinite", "up", "none") }
}

internal suspend fun Calls.streams() {
    returns("1-0") { xadd("x", "a" to "1", "a" to "2", "b" to "3", id = "1-0") }
    returns("2-0") { xadd("x", mapOf("c" to "4"), id = "2-0") }
    returns(null) { xadd("none", "c" to "4", create = false) }
    satisfies({ xadd("auto", "c" to "4", trim = StreamTrim.MaxLength(10)) }) { it!!.contains('-') }
    val first = StreamEntry("1-0", listOf("a" to "1", "a" to "2", "b" to "3"))
    val second = StreamEntry("2-0", listOf("c" to "4"))
    returns(2L) { xlen("x") }
    returns(listOf(first, second)) { xrange("x") }
    returns(listOf(second)) { xrange("x", start = "(1-0", count = 5) }
    returns(listOf(second, first)) { xrevRange("x") }
    returns("1") { xrange("x").first()["a"] }
    returns(mapOf("x" to listOf(second))) { xread(mapOf("x" to "1-0", "none" to "0"), count = 10) }
    returns(emptyMap<String, List<StreamEntry<String, String>>>()) { xread(mapOf("x" to "9")) }
    returns(mapOf("x" to listOf(first, second))) { xreadBlocking(1.seconds, mapOf("x" to "0")) }
    returns(emptyMap<String, List<StreamEntry<String, String>>>()) { xreadBlocking(10.milliseconds, mapOf("x" to "9")) }
    returns(Unit) { xgroupCreate("x", "g", id = StreamIds.FIRST) }
    returns(Unit) { xgroupCreate("made", "g", createStream = true, entriesRead = 3) }
    returns(true) { xgroupCreateConsumer("x", "g", "idle") }
    returns(mapOf("x" to listOf(first))) { xreadGroup("g", "one", mapOf("x" to StreamIds.UNDELIVERED), count = 1) }
    returns(mapOf("x" to listOf(second))) {
        xreadGroupBlocking("g", "two", 1.seconds, mapOf("x" to StreamIds.UNDELIVERED))
    }
    returns(PendingSummary(2, "1-0", "2-0", mapOf("one" to 1L, "two" to 1L))) { xpending("x", "g") }
    returns(PendingSummary(0, null, null, emptyMap())) { xpending("made", "g") }
    satisfies({ xpending("x", "g", StreamIds.LOWEST, StreamIds.HIGHEST, 10, consumer = "one") }) {
        it.single().id == "1-0" && it.single().consumer == "one" && it.single().deliveries == 1L
    }
    returns(listOf(first)) { xclaim("x", "g", "two", 0.seconds, "1-0", retryCount = 7) }
    returns(listOf("1-0")) { xclaimIds("x", "g", "one", 0.seconds, listOf("1-0"), idle = 1.seconds) }
    returns(AutoClaimed(StreamIds.FIRST, listOf(first, second), emptyList())) { xautoClaim("x", "g", "two", 0.seconds) }
    returns(AutoClaimed(StreamIds.FIRST, listOf("1-0", "2-0"), emptyList())) {
        xautoClaimIds("x", "g", "one", 0.seconds, count = 10)
    }
    returns(1L) { xack("x", "g", "1-0", "9-9") }
    satisfies({ xinfoConsumers("x", "g") }) { all ->
        all.map { it.name to it.pending }.toSet() ==
            setOf("idle" to 0L, "one" to 1L, "two" to 0L)
    }
    returns(listOf(ConsumerGroupInfo("g", 3, 1, "2-0", 2, 0))) { xinfoGroups("x") }
    satisfies({ xinfoStream("x") }) {
        it.length == 2L && it.lastId == "2-0" && it.groups == 1L && it.firstEntry == first && it.lastEntry == second
    }
    satisfies({ xinfoStream("made") }) { it.firstEntry == null && it.length == 0L }
    satisfies({ xinfoStreamFull("x", count = 1) }) { it["length"] == 2L && "entries" in it }
    returns(Unit) { xgroupSetId("x", "g", StreamIds.FIRST) }
    returns(1L) { xgroupDelConsumer("x", "g", "one") }
    returns(true) { xgroupDestroy("x", "g") }
    satisfies({ xgroupHelp() }) { it.isNotEmpty() }
    satisfies({ xinfoHelp() }) { it.isNotEmpty() }
    returns(1L) { xdel("x", "1-0") }
    returns(Unit) { xsetId("x", "5-0", entriesAdded = 9, maxDeletedId = "1-0") }
    does { xadd("x", "n" to "1", id = "6-0") }
    returns(1L) { xtrim("x", StreamTrim.MaxLength(1, isExact = true)) }
    returns(1L) { xtrim("x", StreamTrim.MinId("7-0", isExact = true)) }
}

internal suspend fun Calls.geo() {
    val palermo = GeoPoint(13.361389, 38.115556)
    val catania = GeoPoint(15.087269, 37.502669)
    returns(2L) { geoAdd("g", GeoMember("Palermo", palermo), GeoMember("Catania", catania)) }
    returns(0L) {
        geoAdd("g", listOf(GeoMember("Palermo", palermo)), condition = SetCondition.IfPresent, countChanged = true)
    }
    satisfies({ geoDist("g", "Palermo", "Catania", GeoUnit.Kilometres) }) { it!! in 166.0..167.0 }
    returns(null) { geoDist("g", "Palermo", "none") }
    returns(listOf("sqc8b49rny0", null)) { geoHash("g", "Palermo", "none") }
    satisfies({ geoPos("g", "Palermo", "none") }) { near(it[0]!!, palermo) && it[1] == null }
    val around = GeoOrigin.Place(GeoPoint(15.0, 37.0))
    returns(listOf("Catania", "Palermo")) {
        geoSearch("g", around, GeoShape.Circle(200.0, GeoUnit.Kilometres), SortOrder.Ascending)
    }
    returns(listOf("Palermo")) {
        geoSearch(
            "g",
            GeoOrigin.Member("Palermo"),
            GeoShape.Box(10.0, 10.0, GeoUnit.Kilometres),
            count = GeoCount(1, isAny = true),
        )
    }
    satisfies({ geoSearchWithPlaces("g", around, GeoShape.Circle(100.0, GeoUnit.Kilometres)) }) {
        it.single().member == "Catania" && it.single().distance in 56.0..57.0 && near(it.single().place, catania) &&
            it.single().hash == 3479447370796909L
    }
    returns(
        2L,
    ) { geoSearchStore("store", "g", around, GeoShape.Circle(200.0, GeoUnit.Kilometres), storeDistances = true) }
    val at = GeoPoint(15.0, 37.0)
    returns(listOf("Catania")) { geoRadius("g", at, 100.0, GeoUnit.Kilometres) }
    satisfies({ geoRadiusWithPlaces("g", at, 200.0, GeoUnit.Kilometres, order = SortOrder.Descending) }) {
        it.first().member ==
            "Palermo"
    }
    returns(1L) { geoRadiusStore("g", at, 100.0, GeoUnit.Kilometres, "store") }
    returns(2L) { geoRadiusStoreDistances("g", at, 200.0, GeoUnit.Kilometres, "store") }
    returns(listOf("Catania")) { geoRadiusRo("g", at, 100.0, GeoUnit.Kilometres, count = GeoCount(1)) }
    returns(1) { geoRadiusRoWithPlaces("g", at, 100.0, GeoUnit.Kilometres).size }
    returns(listOf("Palermo")) { geoRadiusByMember("g", "Palermo", 100.0, GeoUnit.Kilometres) }
    returns(2) { geoRadiusByMemberWithPlaces("g", "Palermo", 200.0, GeoUnit.Kilometres).size }
    returns(1L) { geoRadiusByMemberStore("g", "Palermo", 100.0, GeoUnit.Kilometres, "store") }
    returns(1L) { geoRadiusByMemberStoreDistances("g", "Palermo", 100.0, GeoUnit.Kilometres, "store") }
    returns(listOf("Palermo")) { geoRadiusByMemberRo("g", "Palermo", 100.0, GeoUnit.Kilometres) }
    returns(1) { geoRadiusByMemberRoWithPlaces("g", "Palermo", 1.0, GeoUnit.Miles).size }
}

internal suspend fun Calls.bitmaps() {
    returns(false) { setBit("b", 7, true) }
    returns(true) { setBit("b", 7, true) }
    returns(true) { getBit("b", 7) }
    returns(1L) { bitCount("b") }
    returns(1L) { bitCount("b", 0, 7, BitUnit.Bit) }
    returns(7L) { bitPos("b", true) }
    returns(-1L) { bitPos("b", true, 1) }
    returns(7L) { bitPos("b", true, 0, -1, BitUnit.Byte) }
    returns(1L) { bitOp(BitOperation.Not, "n", "b") }
    returns(254L) { bitField("n", BitFieldOperation.Get(BitFieldType.unsigned(8), 0)).single() }
    returns(listOf<Long?>(0, 7, null)) {
        bitField(
            "f",
            BitFieldOperation.Set(BitFieldType.signed(4), 0, 5),
            BitFieldOperation.Overflow.Saturate,
            BitFieldOperation.IncrBy(BitFieldType.signed(4), 0, 9),
            BitFieldOperation.Overflow.Fail,
            BitFieldOperation.IncrBy(BitFieldType.signed(4), 0, 1),
        )
    }
    returns(listOf(7L)) { bitFieldRo("f", BitFieldOperation.Get(BitFieldType.signed(4), 0)) }
}

internal suspend fun Calls.hyperLogLog() {
    returns(true) { pfAdd("p", "a", "b", "c") }
    returns(false) { pfAdd("p", "a") }
    returns(true) { pfAdd("q") }
    returns(3L) { pfCount("p", "q") }
    returns(Unit) { pfMerge("m", "p", "q") }
    returns(3L) { pfCount("m") }
}

internal suspend fun Calls.keys() {
    does { mset("a" to "1", "b" to "2", "c" to "3") }
    returns(2L) { exists("a", "b", "none") }
    returns(2L) { touch("a", "b", "none") }
    returns(true) { copy("a", "d") }
    returns(false) { copy("a", "d") }
    returns(true) { copy("b", "d", database = 0, replace = true) }
    returns("2") { get("d") }
    returns(1L) { del("d", "none") }
    returns(1L) { unlink(listOf("c")) }
    returns(true) { expire("a", 100.seconds) }
    returns(false) { expire("a", 100.seconds, ExpireCondition.IfNone) }
    satisfies({ ttl("a") }) { it.timeOrNull!! in 90.seconds..100.seconds }
    returns(TimeToLive.Missing) { ttl("none") }
    returns(TimeToLive.Unlimited) { pttl("b") }
    val moment = Instant.fromEpochMilliseconds(4_102_444_800_123)
    returns(true) { pexpireAt("a", moment) }
    returns(ExpireTime.At(moment)) { pexpireTime("a") }
    returns(ExpireTime.At(Instant.fromEpochSeconds(4_102_444_800))) { expireTime("a") }
    returns(true) { expireAt("a", moment) }
    returns(true) { pexpire("a", 1500.milliseconds, ExpireCondition.IfSooner) }
    returns(ExpireTime.Missing) { expireTime("none") }
    returns(ExpireTime.Never) { pexpireTime("b") }
    returns(true) { persist("a") }
    returns(false) { persist("a") }
    returns("string") { type("a") }
    returns("none") { type("none") }
    returns("int") { objectEncoding("a") }
    returns(null) { objectEncoding("none") }
    satisfies({ objectIdleTime("a") }) { it!! < 60.seconds }
    satisfies({ objectRefCount("a") }) { it!! >= 1 }
    satisfies({ objectHelp() }) { it.isNotEmpty() }
    returns(listOf("a", "b")) { keys("*").sorted() }
    satisfies({ randomKey() }) { it in setOf("a", "b") }
    returns(listOf("b")) { scan(match = "b", count = 100, type = "string").items }
    val dumped = gives { dump("a")!! }
    returns(null) { dump("none") }
    returns(Unit) { restore("restored", value = dumped) }
    returns(Unit) { restore("restored", value = dumped, ttl = 10.seconds, replace = true) }
    returns(Unit) { restoreUntil("restored", moment, dumped, replace = true) }
    returns(ExpireTime.At(moment)) { pexpireTime("restored") }
    returns(Unit) { rename("restored", "renamed") }
    returns(false) { renameNx("renamed", "a") }
    returns(true) { move("renamed", 3) }
    returns(false) { move("none", 3) }
    does { rpush("l", "3", "1", "2") }
    returns(listOf<String?>("1", "2", "3")) { sort("l") }
    returns(listOf<String?>("3", "2")) { sort("l", order = SortOrder.Descending, limit = Limit(0, 2)) }
    does { mset("w_1" to "x", "w_2" to "y") }
    returns(listOf("1", "x", "2", "y", "3", null)) { sort("l", get = listOf("#", "w_*")) }
    returns(listOf<String?>("1", "2", "3")) { sortRo("l", alpha = true) }
    returns(3L) { sortStore("l", "sorted", by = "none") }
    returns(0L) { wait(0, 10.milliseconds) }
    returns(false) { migrate("127.0.0.1", 1, 0, 1.seconds, "none", auth = MigrateAuth("p", "u")) }
}

private fun near(
    actual: GeoPoint,
    expected: GeoPoint,
): Boolean =
    kotlin.math.abs(actual.latitude - expected.latitude) < 1e-4 &&
        kotlin.math.abs(actual.longitude - expected.longitude) < 1e-4
