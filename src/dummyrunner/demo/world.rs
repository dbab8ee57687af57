//! Rooms, exits and objects, and who is where. A player's rooms and objects live as long as the player is in
//! the game, and each has only so many: a new one takes the place of the oldest.

use super::slab::Slab;
use std::collections::{HashMap, VecDeque};

/// Rooms that a player may have.
pub(super) const MOST_ROOMS: usize = 8;
/// Objects that a player may have.
pub(super) const MOST_OBJECTS: usize = 8;
/// Attributes that an object may have.
pub(super) const MOST_ATTRIBUTES: usize = 8;
/// Names, and values of attributes, are cut at so many characters.
const LONGEST_NAME: usize = 80;
/// Descriptions are.
const LONGEST_TEXT: usize = 1000;

/// Where everyone starts, and comes to when the room they are in ends.
pub(super) const START: u32 = 0;

#[derive(Debug)]
pub(super) struct Room {
    pub(super) name: Box<str>,
    pub(super) description: Box<str>,
    /// Names of its exits, without aliases.
    pub(super) exits: Vec<Box<str>>,
    /// Keys of all its exits.
    exit_keys: Vec<Box<str>>,
    /// Exits that lead here, or once did: the room and the key. Nothing for a room that stays.
    ways_in: Vec<(u32, Box<str>)>,
    pub(super) people: Vec<u32>,
    pub(super) things: Vec<u32>,
    /// Whoever dug it; nobody for a room that stays.
    owner: Option<u32>,
}

#[derive(Debug)]
struct Exit {
    to: u32,
    /// Its place in the room's list of names; none for an alias.
    place: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Object {
    pub(super) name: Box<str>,
    pub(super) description: Option<Box<str>>,
    pub(super) attributes: Vec<(Box<str>, Box<str>)>,
    pub(super) owner: u32,
    at: At,
}

#[derive(Clone, Copy, Debug)]
enum At {
    Held(u32),
    Room(u32),
}

/// Of one session in the game.
#[derive(Debug, Default)]
struct Body {
    room: u32,
    /// Its place in the room's list of people.
    place: u32,
    held: Vec<u32>,
    rooms: VecDeque<u32>,
    objects: VecDeque<u32>,
}

#[derive(Debug)]
pub(super) struct World {
    rooms: Slab<Room>,
    objects: Slab<Object>,
    exits: HashMap<(u32, Box<str>), Exit>,
    /// Rooms by lower-case name: the last of each name.
    named: HashMap<Box<str>, u32>,
    bodies: HashMap<u32, Body>,
}

impl World {
    /// A few rooms that stay, in a row from south to north.
    pub(super) fn new() -> World {
        let mut world = World {
            rooms: Slab::new(),
            objects: Slab::new(),
            exits: HashMap::new(),
            named: HashMap::new(),
            bodies: HashMap::new(),
        };
        let rooms = [
            (
                "Limbo",
                "Grey mist, and the echo of many steps. Type help for what you can do here.",
            ),
            (
                "Market Square",
                "Stalls stand empty around a dry well. Whoever comes here has come to talk.",
            ),
            (
                "Bridge",
                "Planks creak over a slow river. The far bank is where builders go to dig.",
            ),
            (
                "Meadow",
                "Tall grass, and nobody's ground: a good place for new rooms.",
            ),
        ];
        let ids = rooms.map(|(name, description)| world.add_room(name, description, None));
        for pair in ids.windows(2) {
            world.add_exit(pair[0], &["north", "n"], pair[1]);
            world.add_exit(pair[1], &["south", "s"], pair[0]);
        }
        // So that a walk north or south never ends.
        world.add_exit(ids[0], &["south", "s"], ids[3]);
        world.add_exit(ids[3], &["north", "n"], ids[0]);
        world
    }

    pub(super) fn room(&self, id: u32) -> Option<&Room> {
        self.rooms.get(id)
    }

    pub(super) fn object(&self, id: u32) -> Option<&Object> {
        self.objects.get(id)
    }

    /// Someone enters the game.
    pub(super) fn arrive(&mut self, session: u32) {
        self.bodies.insert(session, Body::default());
        self.enter(session, START);
    }

    /// Someone leaves it, and with them all that is theirs. Returns who was in their rooms: now in the first.
    pub(super) fn depart(&mut self, session: u32) -> Vec<u32> {
        self.leave_room(session);
        let Some(body) = self.bodies.remove(&session) else {
            return Vec::new();
        };
        for object in body.objects {
            self.remove_object(object);
        }
        // Others' objects that were carried stay where it happened.
        for object in body.held {
            if let Some(thing) = self.objects.get_mut(object) {
                thing.at = At::Room(START);
                if let Some(start) = self.rooms.get_mut(START) {
                    start.things.push(object);
                }
            }
        }
        body.rooms
            .into_iter()
            .flat_map(|room| self.remove_room(room))
            .collect()
    }

    /// The room that a session is in.
    pub(super) fn place(&self, session: u32) -> u32 {
        self.bodies.get(&session).map_or(START, |body| body.room)
    }

    pub(super) fn here(&self, session: u32) -> Option<&Room> {
        self.rooms.get(self.place(session))
    }

    pub(super) fn held(&self, session: u32) -> &[u32] {
        self.bodies.get(&session).map_or(&[], |body| &body.held)
    }

    /// Moves someone; nothing if there is no such room.
    pub(super) fn go(&mut self, session: u32, to: u32) {
        if self.rooms.get(to).is_some() && self.bodies.contains_key(&session) {
            self.leave_room(session);
            self.enter(session, to);
        }
    }

    fn enter(&mut self, session: u32, to: u32) {
        let Some(room) = self.rooms.get_mut(to) else {
            return;
        };
        if let Some(body) = self.bodies.get_mut(&session) {
            (body.room, body.place) = (to, room.people.len() as u32);
            room.people.push(session);
        }
    }

    fn leave_room(&mut self, session: u32) {
        let Some(body) = self.bodies.get(&session) else {
            return;
        };
        let (place, room) = (body.place, self.rooms.get_mut(body.room));
        let Some(room) = room else { return };
        if room.people.get(place as usize) == Some(&session) {
            room.people.swap_remove(place as usize);
            // Who was the last in the list has now this place.
            let moved = room.people.get(place as usize).copied();
            if let Some(body) = moved.and_then(|moved| self.bodies.get_mut(&moved)) {
                body.place = place;
            }
        }
    }

    /// Where this exit of a room leads.
    pub(super) fn exit(&self, from: u32, name: &str) -> Option<u32> {
        Some(self.exits.get(&(from, key(name)))?.to)
    }

    /// A room by its number, as `#7`, or its name; of several with this name the session's own.
    pub(super) fn find_room(&self, session: u32, name: &str) -> Option<u32> {
        if let Some(number) = name.strip_prefix('#') {
            return number.parse().ok().filter(|&id| self.rooms.get(id).is_some());
        }
        let name = key(name);
        let is_it = |room: &&u32| self.rooms.get(**room).is_some_and(|room| key(&room.name) == name);
        let own = self
            .bodies
            .get(&session)
            .and_then(|body| body.rooms.iter().rev().find(is_it));
        own.or_else(|| self.named.get(&name)).copied()
    }

    /// A new room of a session; their oldest may end for it. Returns it, and who was in the one that ended.
    pub(super) fn dig(&mut self, session: u32, name: &str) -> (u32, Vec<u32>) {
        let mut moved = Vec::new();
        let body = self.bodies.entry(session).or_default();
        if body.rooms.len() >= MOST_ROOMS {
            // Not the room they stand in, as long as there is another.
            let here = body.room;
            let oldest = body.rooms.iter().position(|&room| room != here).unwrap_or(0);
            if let Some(oldest) = body.rooms.remove(oldest) {
                moved = self.remove_room(oldest);
            }
        }
        let room = self.add_room(name, "You see nothing special.", Some(session));
        self.bodies.entry(session).or_default().rooms.push_back(room);
        (room, moved)
    }

    /// May this session change the room?
    pub(super) fn owns_room(&self, session: u32, room: u32) -> bool {
        self.rooms
            .get(room)
            .is_some_and(|room| room.owner == Some(session))
    }

    pub(super) fn describe_room(&mut self, room: u32, text: &str) {
        if let Some(room) = self.rooms.get_mut(room) {
            room.description = cut(text, LONGEST_TEXT);
        }
    }

    fn add_room(&mut self, name: &str, description: &str, owner: Option<u32>) -> u32 {
        let name = cut(name, LONGEST_NAME);
        let room = self.rooms.insert(Room {
            name: name.clone(),
            description: description.into(),
            exits: Vec::new(),
            exit_keys: Vec::new(),
            ways_in: Vec::new(),
            people: Vec::new(),
            things: Vec::new(),
            owner,
        });
        self.named.insert(key(&name), room);
        room
    }

    /// An exit of these names, the first of which is shown. A name that the room has already leads now here.
    pub(super) fn add_exit(&mut self, from: u32, names: &[&str], to: u32) {
        for (i, name) in names.iter().enumerate() {
            let name = cut(name, LONGEST_NAME);
            let key = key(&name);
            if name.is_empty() {
                continue;
            }
            if let Some(exit) = self.exits.get_mut(&(from, key.clone())) {
                exit.to = to;
            } else {
                let Some(room) = self.rooms.get_mut(from) else {
                    return;
                };
                let place = (i == 0).then(|| {
                    room.exits.push(name.clone());
                    room.exits.len() as u32 - 1
                });
                room.exit_keys.push(key.clone());
                self.exits.insert((from, key.clone()), Exit { to, place });
            }
            self.note_way_in(from, key, to);
        }
    }

    /// Remembers the way for when the room ends.
    fn note_way_in(&mut self, from: u32, key: Box<str>, to: u32) {
        let Some(room) = self.rooms.get_mut(to).filter(|room| room.owner.is_some()) else {
            return;
        };
        room.ways_in.push((from, key));
        // Ways from rooms that have ended stay in the list; now and then they are taken out.
        if room.ways_in.len() >= 64 && room.ways_in.len().is_power_of_two() {
            let exits = &self.exits;
            room.ways_in
                .retain(|way| exits.get(way).is_some_and(|exit| exit.to == to));
        }
    }

    /// Ends a room, with its exits and those that lead to it. Returns who was in it: now in the first.
    fn remove_room(&mut self, id: u32) -> Vec<u32> {
        let people = self
            .rooms
            .get(id)
            .map(|room| room.people.clone())
            .unwrap_or_default();
        for &session in &people {
            self.go(session, START);
        }
        let Some(room) = self.rooms.remove(id) else {
            return people;
        };
        for exit in room.exit_keys {
            self.exits.remove(&(id, exit));
        }
        for (from, key) in room.ways_in {
            self.remove_exit(from, key, id);
        }
        for object in room.things {
            if let Some(owner) = self.objects.get(object).map(|object| object.owner) {
                self.hold(object, owner);
            }
        }
        let name = key(&room.name);
        if self.named.get(&name) == Some(&id) {
            self.named.remove(&name);
        }
        people
    }

    fn remove_exit(&mut self, from: u32, name: Box<str>, to: u32) {
        let way = (from, name);
        if self.exits.get(&way).is_none_or(|exit| exit.to != to) {
            return;
        }
        let Some(exit) = self.exits.remove(&way) else {
            return;
        };
        let Some(room) = self.rooms.get_mut(from) else {
            return;
        };
        // Where rooms are dug without end, this list is short; in a room that stays it may be long.
        if let Some(at) = room.exit_keys.iter().rposition(|key| *key == way.1) {
            room.exit_keys.swap_remove(at);
        }
        let Some(place) = exit.place else { return };
        room.exits.swap_remove(place as usize);
        // Whichever was the last in the list has now this place.
        let moved = room.exits.get(place as usize).map(|moved| (from, key(moved)));
        if let Some(exit) = moved.and_then(|moved| self.exits.get_mut(&moved)) {
            exit.place = Some(place);
        }
    }

    /// A new object in someone's hands; their oldest may end for it.
    pub(super) fn create_object(&mut self, session: u32, name: &str) {
        let body = self.bodies.entry(session).or_default();
        let oldest = match body.objects.len() >= MOST_OBJECTS {
            true => body.objects.pop_front(),
            false => None,
        };
        if let Some(oldest) = oldest {
            self.remove_object(oldest);
        }
        let object = self.objects.insert(Object {
            name: cut(name, LONGEST_NAME),
            description: None,
            attributes: Vec::new(),
            owner: session,
            at: At::Held(session),
        });
        let body = self.bodies.entry(session).or_default();
        body.objects.push_back(object);
        body.held.push(object);
    }

    /// An object that someone holds or sees, by name. The newest of a name counts.
    pub(super) fn find_object(&self, session: u32, name: &str) -> Option<u32> {
        let things = self.here(session).map_or(&[][..], |room| &room.things);
        let is_it = |&&id: &&u32| {
            self.objects
                .get(id)
                .is_some_and(|object| object.name.eq_ignore_ascii_case(name))
        };
        let held = self.held(session).iter().rev().find(is_it);
        held.or_else(|| things.iter().rev().find(is_it)).copied()
    }

    pub(super) fn describe_object(&mut self, id: u32, text: &str) {
        if let Some(object) = self.objects.get_mut(id) {
            object.description = Some(cut(text, LONGEST_TEXT));
        }
    }

    /// Gives an object an attribute, or takes it away.
    pub(super) fn set_attribute(&mut self, id: u32, name: &str, value: Option<&str>) {
        let Some(object) = self.objects.get_mut(id) else {
            return;
        };
        let name = cut(name, LONGEST_NAME);
        object.attributes.retain(|(known, _)| *known != name);
        if let Some(value) = value {
            if object.attributes.len() >= MOST_ATTRIBUTES {
                object.attributes.remove(0);
            }
            object.attributes.push((name, cut(value, LONGEST_NAME)));
        }
    }

    /// Puts an object into someone's hands.
    pub(super) fn hold(&mut self, id: u32, session: u32) {
        self.unplace(id);
        if let (Some(object), Some(body)) = (self.objects.get_mut(id), self.bodies.get_mut(&session)) {
            object.at = At::Held(session);
            body.held.push(id);
        }
    }

    /// Puts an object on the ground where someone is.
    pub(super) fn drop_object(&mut self, id: u32, session: u32) {
        let here = self.place(session);
        self.unplace(id);
        if let (Some(object), Some(room)) = (self.objects.get_mut(id), self.rooms.get_mut(here)) {
            object.at = At::Room(here);
            room.things.push(id);
        }
    }

    pub(super) fn destroy_object(&mut self, id: u32) {
        let owner = self.objects.get(id).map(|object| object.owner);
        if let Some(body) = owner.and_then(|owner| self.bodies.get_mut(&owner)) {
            body.objects.retain(|&object| object != id);
        }
        self.remove_object(id);
    }

    fn remove_object(&mut self, id: u32) {
        self.unplace(id);
        self.objects.remove(id);
    }

    fn unplace(&mut self, id: u32) {
        let list = match self.objects.get(id).map(|object| object.at) {
            Some(At::Held(session)) => self.bodies.get_mut(&session).map(|body| &mut body.held),
            Some(At::Room(room)) => self.rooms.get_mut(room).map(|room| &mut room.things),
            None => None,
        };
        if let Some(list) = list
            && let Some(at) = list.iter().rposition(|&object| object == id)
        {
            list.remove(at);
        }
    }

    /// How many rooms, exits and objects there are.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize, usize) {
        (self.rooms.len(), self.exits.len(), self.objects.len())
    }
}

/// A name as names are compared.
fn key(name: &str) -> Box<str> {
    name.to_lowercase().into()
}

fn cut(text: &str, longest: usize) -> Box<str> {
    match text.char_indices().nth(longest) {
        Some((end, _)) => text[..end].into(),
        None => text.into(),
    }
}
