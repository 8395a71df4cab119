package dev.uring.socket;

/**
 * What the kernel's TCP knows about a live connection, at one moment.
 *
 * <h2>Source</h2>
 *
 * {@code getsockopt(TCP_INFO)}, {@code struct tcp_info} of {@code <linux/tcp.h>}.
 *
 * @param state the number of the TCP state; 1 is ESTABLISHED
 * @param retransmitsNow unanswered retransmissions of the oldest unacknowledged segment
 * @param retransmitsTotal segments sent again since the connection began
 * @param rttMicros smoothed round trip, microseconds; 0 before the first measurement
 * @param rttVarianceMicros its mean deviation, microseconds
 * @param rttMinMicros least round trip seen lately, microseconds
 * @param retransmitTimeoutMicros how long the next acknowledgement is waited for, microseconds
 * @param sendSegmentBytes largest segment sent, without headers
 * @param receiveSegmentBytes largest segment expected, without headers
 * @param pathMtuBytes largest packet on the way there
 * @param congestionWindowSegments segments that may be under way
 * @param unackedSegments segments sent and not acknowledged
 * @param lostSegments segments taken for lost and not sent again yet
 * @param unsentBytes bytes in the send buffer that have not been sent once
 * @param bytesAcked bytes of this side the peer has acknowledged
 * @param bytesReceived bytes received in order; the peer's FIN counts as one
 * @param segmentsSent segments sent, retransmissions included
 * @param segmentsReceived segments received
 * @param deliveryRateBytesPerSecond latest measured rate of delivery
 */
public record TcpInfo(
    int state,
    int retransmitsNow,
    long retransmitsTotal,
    long rttMicros,
    long rttVarianceMicros,
    long rttMinMicros,
    long retransmitTimeoutMicros,
    int sendSegmentBytes,
    int receiveSegmentBytes,
    int pathMtuBytes,
    long congestionWindowSegments,
    long unackedSegments,
    long lostSegments,
    long unsentBytes,
    long bytesAcked,
    long bytesReceived,
    long segmentsSent,
    long segmentsReceived,
    long deliveryRateBytesPerSecond) {}
