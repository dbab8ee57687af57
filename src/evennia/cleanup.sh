# Takes what dummies made on an Evennia game away again: accounts, characters, rooms, exits and objects whose
# names hold the time of a run, as those of the built-in profiles and of Evennia's Dummyrunner do.
# In the game's folder, with its virtual environment active, and the game stopped (evennia stop):
evennia shell -c '
from evennia.accounts.models import AccountDB
from evennia.objects.models import ObjectDB

made = r"^(Dummy|testing_room(_start)?|testing_obj|testing_button|exit)_\d{14}_\d+"
found = [*ObjectDB.objects.filter(db_key__regex=made), *AccountDB.objects.filter(username__regex=made)]
# A room takes its exits with it.
gone = [thing.delete() for thing in found if thing.pk]
print(len(found), "things of dummies deleted")
'
