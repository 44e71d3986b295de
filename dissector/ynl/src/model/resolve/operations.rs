// SPDX-License-Identifier: GPL-2.0-or-later
//! Operations and multicast groups.

use super::super::names::{snake, upper};
use super::super::raw::{self, At, EnumModel};
use super::super::types::*;
use super::{Fault, Refusal, Resolver, Result, fault};

/// The numbers of an operation's messages: to the kernel, and from it.
type Numbers = (Option<u16>, Option<u16>);

impl Resolver<'_> {
    pub(super) fn operation_names(&self) -> OperationNames {
        let typed = &self.spec.operations;
        let c_prefix = match &typed.name_prefix {
            Some(prefix) => upper(prefix),
            None => upper(&format!("{}-cmd-", self.spec.name.value)),
        };
        let named = |it: &Option<Option<String>>| {
            let it = it.clone().flatten();
            it.filter(|it| !it.is_empty()).map(|it| snake(&it))
        };
        OperationNames {
            c_enum_name: named(&typed.enum_name),
            c_max_name: (self.spec.cmd_max_name.as_deref())
                .map_or_else(|| format!("{c_prefix}MAX"), upper),
            c_count_name: (self.spec.cmd_cnt_name.as_deref())
                .map_or_else(|| format!("__{c_prefix}MAX"), upper),
            separate_async: typed.async_prefix.is_some(),
            c_async_enum_name: named(&typed.async_enum),
            c_prefix,
        }
    }

    pub(super) fn operations(
        &self,
        protocol: Protocol,
        sets: &[AttrSet],
        structs: &[Struct],
        oddities: &mut Vec<Refusal>,
    ) -> Result<Vec<Operation>> {
        let typed = &self.spec.operations;
        let numbers = match typed.enum_model {
            EnumModel::Unified => self.unified()?,
            EnumModel::Directional => self.directional()?,
        };
        let mut operations: Vec<Operation> = Vec::with_capacity(typed.list.len());
        for (it, numbers) in typed.list.iter().zip(numbers) {
            let path = format!("operations.list[{}]", it.name.value);
            self.check_numbers(it, numbers, &operations, protocol, &path)?;
            let operation = self.operation(it, numbers, &path)?;
            for fault in self.unlisted(it, &operation, protocol, sets, structs, &path) {
                if protocol.is_generic() {
                    return Err(fault);
                }
                oddities.push(fault.refusal(self.file));
            }
            operations.push(operation);
        }
        Ok(operations)
    }

    /// One number for all messages of an operation.
    fn unified(&self) -> Result<Vec<Numbers>> {
        let mut next = 1;
        let mut numbers = Vec::new();
        for it in &self.spec.operations.list {
            let path = format!("operations.list[{}]", it.name.value);
            for (form, exchange) in [("do", &it.r#do), ("dump", &it.dump)] {
                let Some(exchange) = exchange else { continue };
                for (side, message) in [("request", &exchange.request), ("reply", &exchange.reply)]
                {
                    if let Some(value) = message.as_ref().and_then(|it| it.value.as_ref()) {
                        let text = "belongs to the directional enum model";
                        return fault(
                            value.referenced,
                            format!("{path}.{form}.{side}.value"),
                            text,
                        );
                    }
                }
            }
            let number = it.value.as_ref().map_or(next, |it| it.value);
            numbers.push((Some(number), Some(number)));
            next = number.saturating_add(1);
        }
        Ok(numbers)
    }

    /// Messages to the kernel and from it are counted apart.
    fn directional(&self) -> Result<Vec<Numbers>> {
        let (mut request, mut reply) = (1u16, 1u16);
        let mut numbers = Vec::new();
        for it in &self.spec.operations.list {
            if it.notify.is_some() || it.event.is_some() {
                reply = it.value.as_ref().map_or(reply, |it| it.value);
                numbers.push((None, Some(reply)));
                reply = reply.saturating_add(1);
                continue;
            }
            let Some(form) = it.r#do.as_ref().or(it.dump.as_ref()) else {
                let path = format!("operations.list[{}]", it.name.value);
                let text = "the directional enum model needs `do`, `dump`, `notify` or `event`";
                return fault(it.name.referenced, path, text);
            };
            let typed = |message: &Option<raw::Message>| {
                let value = message.as_ref()?.value.as_ref();
                value.map(|it| it.value)
            };
            request = typed(&form.request).unwrap_or(request);
            reply = typed(&form.reply).unwrap_or(reply);
            let answers = form.reply.is_some();
            numbers.push((Some(request), answers.then_some(reply)));
            request = request.saturating_add(1);
            reply = reply.saturating_add(u16::from(answers));
        }
        Ok(numbers)
    }

    fn check_numbers(
        &self,
        it: &raw::Operation,
        (request, reply): Numbers,
        before: &[Operation],
        protocol: Protocol,
        path: &str,
    ) -> Result<()> {
        let at = it
            .value
            .as_ref()
            .map_or(it.name.referenced, |it| it.referenced);
        for number in [request, reply].into_iter().flatten() {
            if protocol.is_generic() && number > u16::from(u8::MAX) {
                return fault(at, path, format!("{number} does not fit into 8 bits"));
            }
        }
        // In the directional model several requests may be answered alike:
        // devlink's port-get and port-new are.
        let shares_replies = self.spec.operations.enum_model == EnumModel::Directional;
        let taken = before.iter().find(|it| {
            (request.is_some() && it.request_number == request)
                || (reply.is_some() && it.reply_number == reply && !shares_replies)
        });
        match taken {
            Some(other) => fault(at, path, format!("has a number of `{}`", other.name)),
            None => Ok(()),
        }
    }

    fn operation(
        &self,
        it: &raw::Operation,
        (request_number, reply_number): Numbers,
        path: &str,
    ) -> Result<Operation> {
        let all = &self.spec.operations;
        let is_async = it.notify.is_some() || it.event.is_some();
        if is_async && (it.r#do.is_some() || it.dump.is_some()) {
            let text = "is both asked for and sent by itself";
            return fault(it.name.referenced, path, text);
        }
        let notified = it
            .notify
            .as_ref()
            .map(|name| self.notified(name, path))
            .transpose()?;
        let set = (it.attribute_set.as_ref()).or(notified.and_then(|it| it.attribute_set.as_ref()));
        let is_used = is_async || it.r#do.is_some() || it.dump.is_some();
        if set.is_none() && is_used {
            return fault(it.name.referenced, path, "needs an `attribute-set`");
        }
        let header = it.fixed_header.as_ref().or(all.fixed_header.as_ref());
        let prefix = (all.async_prefix.as_deref().filter(|_| is_async)).map(upper);
        let prefix = prefix.unwrap_or_else(|| self.operation_names().c_prefix);
        Ok(Operation {
            name: it.name.value.clone(),
            c_name: format!("{prefix}{}", upper(&it.name.value)),
            request_number,
            reply_number,
            set: set
                .map(|name| self.find_set(name, &format!("{path}.attribute-set")))
                .transpose()?,
            fixed_header: header
                .map(|name| self.find_struct(name, &format!("{path}.fixed-header")))
                .transpose()?,
            flags: it.flags.clone(),
            r#do: (it.r#do.as_ref())
                .map(|it| self.exchange(it, &format!("{path}.do")))
                .transpose()?,
            dump: (it.dump.as_ref())
                .map(|it| self.exchange(it, &format!("{path}.dump")))
                .transpose()?,
            notify: it.notify.as_ref().map(|it| it.value.clone()),
            event: it.event.as_ref().map(|it| Message {
                fixed_header: None,
                set: None,
                attributes: it.attributes.iter().map(|it| it.value.clone()).collect(),
            }),
            group: it.mcgrp.as_ref().map(|it| it.value.clone()),
            doc: it.doc.trim().to_owned(),
        })
    }

    fn exchange(&self, it: &raw::Exchange, path: &str) -> Result<Exchange> {
        let message = |it: &Option<raw::Message>, side: &str| {
            let message = |it| self.message(it, &format!("{path}.{side}"));
            it.as_ref().map(message).transpose()
        };
        Ok(Exchange {
            request: message(&it.request, "request")?,
            reply: message(&it.reply, "reply")?,
        })
    }

    fn message(&self, it: &raw::Message, path: &str) -> Result<Message> {
        let (header, set) = (it.fixed_header.as_ref(), it.attribute_set.as_ref());
        Ok(Message {
            fixed_header: header
                .map(|name| self.find_struct(name, &format!("{path}.fixed-header")))
                .transpose()?,
            set: set
                .map(|name| self.find_set(name, &format!("{path}.attribute-set")))
                .transpose()?,
            attributes: it.attributes.iter().map(|it| it.value.clone()).collect(),
        })
    }

    /// The operation that a notification looks like.
    fn notified(&self, name: &At<String>, path: &str) -> Result<&raw::Operation> {
        let list = &self.spec.operations.list;
        match list.iter().find(|it| it.name.value == name.value) {
            Some(it) if it.notify.is_none() => Ok(it),
            Some(_) => {
                let text = format!("`{}` is a notification itself", name.value);
                fault(name.referenced, format!("{path}.notify"), text)
            }
            None => {
                let text = format!("there is no operation `{}`", name.value);
                fault(name.referenced, format!("{path}.notify"), text)
            }
        }
    }

    /// Names in the lists of an operation's attributes that are in no set.
    fn unlisted(
        &self,
        it: &raw::Operation,
        operation: &Operation,
        protocol: Protocol,
        sets: &[AttrSet],
        structs: &[Struct],
        path: &str,
    ) -> Vec<Fault> {
        let mut lists = Vec::new();
        for (form, exchange, resolved) in [
            ("do", &it.r#do, &operation.r#do),
            ("dump", &it.dump, &operation.dump),
        ] {
            let (Some(exchange), Some(resolved)) = (exchange, resolved) else {
                continue;
            };
            for (side, message, resolved) in [
                ("request", &exchange.request, &resolved.request),
                ("reply", &exchange.reply, &resolved.reply),
            ] {
                let Some(message) = message else { continue };
                let path = format!("{path}.{form}.{side}.attributes");
                lists.push((path, &message.attributes, resolved.as_ref()));
            }
        }
        if let Some(event) = &it.event {
            let path = format!("{path}.event.attributes");
            lists.push((path, &event.attributes, None));
        }
        let mut faults = Vec::new();
        for (path, names, message) in &lists {
            let set = operation.set_of(*message).map(|id| &sets[id.index()]);
            // In netlink-raw the lists name members of the fixed header too.
            let header = (operation.header_of(*message))
                .filter(|_| !protocol.is_generic())
                .map(|id| &structs[id.index()]);
            for name in *names {
                let in_set = set.is_some_and(|set| set.by_name(&name.value).is_some());
                let in_header =
                    header.is_some_and(|it| it.members.iter().any(|it| it.name == name.value));
                if !in_set && !in_header {
                    let set = set.map_or("", |set| &set.name);
                    faults.push(Fault {
                        at: name.referenced.into(),
                        path: path.clone(),
                        message: format!("the set `{set}` has no attribute `{}`", name.value),
                    });
                }
            }
        }
        faults
    }

    pub(super) fn groups(
        &self,
        protocol: Protocol,
        operations: &[Operation],
    ) -> Result<Vec<McastGroup>> {
        let typed = self
            .spec
            .mcast_groups
            .as_ref()
            .map_or(&[][..], |it| &it.list);
        for (it, operation) in self.spec.operations.list.iter().zip(operations) {
            if let Some(name) = &it.mcgrp
                && !typed.iter().any(|it| it.name.value == name.value)
            {
                let path = format!("operations.list[{}].mcgrp", operation.name);
                let text = format!("there is no multicast group `{}`", name.value);
                return fault(name.referenced, path, text);
            }
        }
        typed.iter().map(|it| self.group(it, protocol)).collect()
    }

    fn group(&self, it: &raw::McastGroup, protocol: Protocol) -> Result<McastGroup> {
        let name = &it.name.value;
        if let Some(value) = &it.value
            && protocol.is_generic()
        {
            let path = format!("mcast-groups.list[{name}].value");
            return fault(value.referenced, path, "belongs to the schema netlink-raw");
        }
        Ok(McastGroup {
            name: name.clone(),
            c_name: match &it.c_define_name {
                Some(typed) => upper(typed),
                None => upper(&format!("{}-mcgrp-{name}", self.ident())),
            },
            number: it.value.as_ref().map(|it| it.value),
            flags: it.flags.clone(),
        })
    }
}
