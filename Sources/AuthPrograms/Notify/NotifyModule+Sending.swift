package import Authentication

extension NotifyModule {
    package func send(_ errand: Errand) -> Sending {
        guard !errand.devices.isEmpty else { return .nobody }
        let account = errand.session.account
        if let seconds = codes.admit(account, id, from: errand.asker, settings.limit, at: errand.now) {
            return .limited(seconds: seconds)
        }
        var faults: [String] = []
        for device in errand.devices.prefix(mostDevices) {
            do throws(ContractFault) {
                return .sent(try send(errand, to: device), undelivered: faults)
            } catch {
                faults.append("the device '\(device.name)' of \(account) was not reached: \(error.explanation)")
            }
        }
        return .failed(faults)
    }

    private func send(_ errand: Errand, to device: ChargedGuess.OpenedDevice) throws(ContractFault) -> SentMessage {
        guard let target = device.payload.secret.withBytes({ NotifyTarget($0) }) else {
            throw ContractFault("what is stored of it makes no sense")
        }
        guard let channel = channel(target.kind) else {
            throw ContractFault("the module \(id) has no \(target.kind.word):")
        }
        // Behind those that other askers have had sent: used in the order in which they were sent, all of them are good.
        let last = codes.lastSerial(of: errand.session.account, id, device: device.name)
        let (serial, overflow) = max(device.state, last ?? device.state).addingReportingOverflow(1)
        guard !overflow else { throw ContractFault("it was used as often as can be counted") }
        let code = try FreshCode.make()
        let message = Message(
            purpose: channel.asksForApproval ? .approval : .code, module: id.description,
            account: errand.session.account, device: device.name, service: errand.service, host: errand.host,
            machine: errand.issuer, code: code)
        let inquiry = try deliver(message, to: target, by: channel)
        codes.replace(
            errand.session.account, id, from: errand.asker,
            with: RunningCode(
                code.hashed, session: errand.session.id, device: device.name, serial: serial,
                deadline: min(errand.session.deadline, errand.now.boottime + RunningCode.longestLife),
                approval: inquiry.map {
                    RunningCode.Approval(inquiry: $0, reference: code.reference, number: code.number)
                }))
        return inquiry == nil
            ? SentMessage(device: device.name, label: "Code sent to \(device.name)", awaitsApproval: false)
            : SentMessage(
                device: device.name, label: "Choose \(code.number) on \(device.name), then press Enter",
                awaitsApproval: true)
    }

    /// Has a message sent; returns where its answer can be asked for, where there is one.
    func deliver(
        _ message: Message, to target: NotifyTarget, by channel: any Channel
    ) throws(ContractFault) -> String? {
        if let expected = channel.fault(of: target.address) {
            throw ContractFault("its address is not \(expected)")
        }
        guard let input = channel.input(message, to: target.address) else {
            throw ContractFault("the message is longer than \(Contract.longestRequest) bytes")
        }
        return try channel.inquiry(in: try run(channel, input), after: message.purpose)
    }

    // MARK: Approval

    package func confirmation(for session: ValidationSession, at now: Moment) -> Confirmation {
        guard let running = codes.code(of: session.account, id, for: session.id),
            now.boottime <= running.deadline, let approval = running.approval,
            let channel = channel(.webhook) as? WebhookChannel
        else { return .pending }
        do throws(ContractFault) {
            let answer = try WebhookReply(try run(channel, channel.question(at: approval.inquiry)))
                .answer(to: approval.reference)
            guard answer != .pending else { return .pending }
            return .answered(try input(for: answer, to: approval, of: running, session))
        } catch {
            return .unavailable("a web service was asked about \(session.account): \(error.explanation)")
        }
    }

    /// What is to be judged in place of what would be typed: a code that is made now. Where the answer is the right one, it
    /// takes the place of the request; where it is not, nothing does, and the request is over.
    private func input(
        for answer: WebhookReply.Answer, to approval: RunningCode.Approval, of running: RunningCode,
        _ session: ValidationSession
    ) throws(ContractFault) -> UserInput {
        let code = try FreshCode.make()
        let isRight = answer == .approved(number: approval.number)
        guard codes.exchange(session.account, id, running, for: isRight ? running.approved(code.hashed) : nil) else {
            throw ContractFault("another message was sent meanwhile")
        }
        return code.typed
    }
}
