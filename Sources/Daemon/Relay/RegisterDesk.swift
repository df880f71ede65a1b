import Authentication

/// Asks the register for every login and connection of a hub that waits for it: with one question at a time on its way to the
/// store, however many wait.
///
/// It belongs to the event loop. Whoever waits hears what the register says after he has asked, and never what it said before.
final class RegisterDesk {
    /// The host with a certificate, nil if none was ever issued, or why that cannot be told.
    typealias Answer = Result<FleetHost?, StoreFailure>

    /// Certificates that one question is about: the logins that wait for the store have their turn between two.
    private static let mostAtATime = 64

    /// Seconds that a question may wait: a host that is told then still has time for another hub.
    private static let mostSweeps = 3

    /// Those who wait for the same certificate.
    private typealias Waiting = [ObjectIdentifier: RegisterQuestion]

    private unowned let service: LoginService
    private var waiting: [String: Waiting] = [:]
    /// Their certificates, in the order in which they came.
    private var order: [String] = []
    /// Those whom the question under way is for; nil while there is none.
    private var asking: [String: Waiting]?

    init(_ service: LoginService) { self.service = service }

    /// Looks a certificate up, and reports on the event loop, once. Whoever has gone takes his question back, or it would be kept
    /// for as long as the store is slow.
    func ask(_ serial: String, then report: @escaping (Answer) -> Void) -> RegisterQuestion {
        let question = RegisterQuestion(serial, report)
        if waiting[serial] == nil { order.append(serial) }
        waiting[serial, default: [:]][ObjectIdentifier(question)] = question
        askFurther()
        return question
    }

    /// Nobody needs to know any more.
    func forget(_ question: RegisterQuestion) {
        waiting[question.serial]?[ObjectIdentifier(question)] = nil
        asking?[question.serial]?[ObjectIdentifier(question)] = nil
    }

    /// Gives up what has waited for too long, once a second: whoever waits has other hubs, and their stores may answer.
    func sweep() {
        let questions = [waiting, asking ?? [:]].flatMap(\.values).flatMap(\.values)
        for question in questions { question.sweeps += 1 }
        for question in questions where question.sweeps >= RegisterDesk.mostSweeps && isOpen(question) {
            forget(question)
            question.report(.failure(.unreachable("the register did not answer in time")))
        }
    }

    /// Whether nobody has taken it back.
    private func isOpen(_ question: RegisterQuestion) -> Bool {
        [waiting, asking ?? [:]].contains { $0[question.serial]?[ObjectIdentifier(question)] != nil }
    }

    private func askFurther() {
        guard asking == nil, !order.isEmpty else { return }
        let serials = Array(order.prefix(RegisterDesk.mostAtATime))
        order.removeFirst(serials.count)
        var asked: [String: Waiting] = [:]
        for serial in serials { asked[serial] = waiting.removeValue(forKey: serial) }
        asking = asked
        service.ask { store throws(StoreFailure) in
            try RegisterDesk.look(for: serials, in: store)
        } deliver: { found in
            let told = self.asking ?? [:]
            self.asking = nil
            self.askFurther()
            for (serial, questions) in told {
                let answer: Answer =
                    switch found {
                    case .success(let hosts): hosts[serial] ?? .success(nil)
                    case .failure(let failure): .failure(failure)
                    }
                for question in questions.values { question.report(answer) }
            }
        }
    }

    /// All with one question, since each may take some tens of milliseconds there and back; and what that did not find by itself: a
    /// row that makes no sense is that one certificate's.
    private static func look(
        for serials: [String], in store: any EnrollmentStore
    ) throws(StoreFailure) -> [String: Answer] {
        var found = try FleetRegister.hosts(serials, in: store).mapValues { Answer.success($0) }
        for serial in serials where found[serial] == nil {
            do throws(StoreFailure) {
                found[serial] = .success(try FleetRegister.host(serial, in: store))
            } catch {
                found[serial] = .failure(error)
            }
        }
        return found
    }
}
