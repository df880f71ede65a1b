import Synchronization

/// A question to the directory that nobody need wait for any longer.
protocol Forgettable: AnyObject, Sendable {
    /// Whoever has asked has gone: nothing is reported, and what has not begun does not begin any more.
    func forget()
}

/// A question to the directory, under way or settled.
///
/// Its answer lies here until somebody needs it: while a person types there is nobody to be woken for it.
final class LookUp<Answer: Sendable>: Forgettable {
    private enum State {
        case underWay
        case awaited(@Sendable (Answer?) -> Void)
        case settled(Answer?)
    }

    private let state = Mutex(State.underWay)

    /// Settles it, once; nil is "cannot tell". What comes later is no answer any more.
    func settle(_ answer: Answer?) {
        let report = state.withLock { state -> (@Sendable (Answer?) -> Void)? in
            switch state {
            case .underWay, .settled: break
            case .awaited(let report):
                state = .settled(answer)
                return report
            }
            if case .underWay = state { state = .settled(answer) }
            return nil
        }
        report?(answer)
    }

    func forget() { state.withLock { $0 = .settled(nil) } }

    /// Whether nobody needs an answer any more.
    var isSettled: Bool {
        state.withLock { state in
            if case .settled = state { true } else { false }
        }
    }

    /// The answer, if it is settled; if not, `report` is called when it is, by whoever settles it.
    func answer(orAwait report: @escaping @Sendable (Answer?) -> Void) -> Answer?? {
        state.withLock { state in
            if case .settled(let answer) = state { return .some(answer) }
            state = .awaited(report)
            return nil
        }
    }
}
