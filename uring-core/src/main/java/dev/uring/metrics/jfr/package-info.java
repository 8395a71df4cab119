/**
 * What a runtime tells Java Flight Recorder.
 *
 * <p><b>What lives here.</b> One class for each event, all in the category "Uring". They are
 * enabled whenever a recording runs, and need no agent: {@code jcmd PID JFR.start duration=60s
 * filename=uring.jfr}.
 *
 * <table>
 * <caption>Events</caption>
 * <tr><th>name</th><th>when</th></tr>
 * <tr><td>{@code dev.uring.ConnectionOpened}</td><td>accepted or connected</td></tr>
 * <tr><td>{@code dev.uring.ConnectionClosed}</td><td>its descriptor is closed; bytes, time</td></tr>
 * <tr><td>{@code dev.uring.AcceptFailed}</td><td>no descriptor or memory for an accept</td></tr>
 * <tr><td>{@code dev.uring.PoolExhausted}</td><td>blocks or receive buffers are used up</td></tr>
 * <tr><td>{@code dev.uring.SlowTurn}</td><td>a turn took longer than {@code slowTurnThreshold}</td></tr>
 * <tr><td>{@code dev.uring.WorkerStall}</td><td>a turn takes longer than {@code stallThreshold};
 * with the worker's stack</td></tr>
 * </table>
 *
 * <p><b>May import.</b> The JDK.
 *
 * <p><b>Threads.</b> Any. Without a recording a report is one look at a flag: the flag is asked
 * before anything is made for the event.
 */
package dev.uring.metrics.jfr;
