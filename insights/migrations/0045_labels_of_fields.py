"""Labels and help texts of the models that the admin shows, for translation. No table changes."""

import django.db.models.deletion
import insights.insight_kinds
from django.conf import settings
from django.db import migrations, models

from insights.models.label_changes import ChangeLabels


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0044_encrypted_second_factors'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        ChangeLabels([
            migrations.AlterModelOptions(
                name='message',
                options={'ordering': ['conversation_id', 'number'], 'verbose_name': 'message', 'verbose_name_plural': 'messages'},
            ),
            migrations.AlterField(
                model_name='accountentity',
                name='category',
                field=models.CharField(default='Custom', max_length=256, verbose_name='category'),
            ),
            migrations.AlterField(
                model_name='accountentity',
                name='created_at',
                field=models.DateTimeField(auto_now_add=True, verbose_name='created'),
            ),
            migrations.AlterField(
                model_name='accountentity',
                name='owner',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='entities', to=settings.AUTH_USER_MODEL, verbose_name='owner'),
            ),
            migrations.AlterField(
                model_name='accountentity',
                name='sub_type',
                field=models.CharField(max_length=256, verbose_name='subtype'),
            ),
            migrations.AlterField(
                model_name='accountentity',
                name='type',
                field=models.CharField(max_length=256, verbose_name='type'),
            ),
            migrations.AlterField(
                model_name='accountentity',
                name='updated_at',
                field=models.DateTimeField(auto_now=True, verbose_name='last changed'),
            ),
            migrations.AlterField(
                model_name='accountentity',
                name='values',
                field=models.JSONField(default=list, help_text='The words, a list of texts.', verbose_name='values'),
            ),
            migrations.AlterField(
                model_name='accountrole',
                name='role',
                field=models.CharField(choices=[('reviewer', 'Reviewer'), ('administrator', 'Administrator')], max_length=16, verbose_name='role'),
            ),
            migrations.AlterField(
                model_name='accounttracker',
                name='categories',
                field=models.JSONField(blank=True, default=list, verbose_name='categories'),
            ),
            migrations.AlterField(
                model_name='accounttracker',
                name='created_at',
                field=models.DateTimeField(auto_now_add=True, verbose_name='created'),
            ),
            migrations.AlterField(
                model_name='accounttracker',
                name='description',
                field=models.TextField(blank=True, default='', verbose_name='description'),
            ),
            migrations.AlterField(
                model_name='accounttracker',
                name='languages',
                field=models.JSONField(blank=True, default=list, verbose_name='languages'),
            ),
            migrations.AlterField(
                model_name='accounttracker',
                name='name',
                field=models.CharField(max_length=256, verbose_name='name'),
            ),
            migrations.AlterField(
                model_name='accounttracker',
                name='owner',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='trackers', to=settings.AUTH_USER_MODEL, verbose_name='owner'),
            ),
            migrations.AlterField(
                model_name='accounttracker',
                name='updated_at',
                field=models.DateTimeField(auto_now=True, verbose_name='last changed'),
            ),
            migrations.AlterField(
                model_name='accounttracker',
                name='vocabulary',
                field=models.JSONField(default=list, help_text='The phrases, a list of texts.', verbose_name='vocabulary'),
            ),
            migrations.AlterField(
                model_name='app',
                name='app_id',
                field=models.CharField(editable=False, max_length=64, unique=True, verbose_name='app id'),
            ),
            migrations.AlterField(
                model_name='app',
                name='created_at',
                field=models.DateTimeField(auto_now_add=True, verbose_name='created'),
            ),
            migrations.AlterField(
                model_name='app',
                name='expires_at',
                field=models.DateTimeField(blank=True, help_text='From then on neither the secret nor any token is accepted.', null=True, verbose_name='expires'),
            ),
            migrations.AlterField(
                model_name='app',
                name='last_used_at',
                field=models.DateTimeField(blank=True, editable=False, help_text='Accurate to ten minutes.', null=True, verbose_name='last used'),
            ),
            migrations.AlterField(
                model_name='app',
                name='name',
                field=models.CharField(max_length=200, verbose_name='name'),
            ),
            migrations.AlterField(
                model_name='app',
                name='owner',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='apps', to=settings.AUTH_USER_MODEL, verbose_name='owner'),
            ),
            migrations.AlterField(
                model_name='app',
                name='revoked_at',
                field=models.DateTimeField(blank=True, help_text='Set: neither the secret nor any token of this app is accepted.', null=True, verbose_name='revoked'),
            ),
            migrations.AlterField(
                model_name='app',
                name='scopes',
                field=models.CharField(default='stream read write manage', help_text='Names, separated by spaces: stream, read, write, manage.', max_length=100, verbose_name='scopes'),
            ),
            migrations.AlterField(
                model_name='conversation',
                name='connection_id',
                field=models.CharField(help_text='The name that clients gave the live connection.', max_length=512, verbose_name='connection id'),
            ),
            migrations.AlterField(
                model_name='conversation',
                name='ended_at',
                field=models.DateTimeField(blank=True, null=True, verbose_name='end'),
            ),
            migrations.AlterField(
                model_name='conversation',
                name='language',
                field=models.CharField(default='en-US', max_length=35, verbose_name='language'),
            ),
            migrations.AlterField(
                model_name='conversation',
                name='message_count',
                field=models.PositiveIntegerField(default=0, verbose_name='messages'),
            ),
            migrations.AlterField(
                model_name='conversation',
                name='metadata',
                field=models.JSONField(blank=True, default=dict, verbose_name='metadata'),
            ),
            migrations.AlterField(
                model_name='conversation',
                name='name',
                field=models.CharField(max_length=500, verbose_name='name'),
            ),
            migrations.AlterField(
                model_name='conversation',
                name='owner',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='conversations', to=settings.AUTH_USER_MODEL, verbose_name='owner'),
            ),
            migrations.AlterField(
                model_name='conversation',
                name='started_at',
                field=models.DateTimeField(verbose_name='start'),
            ),
            migrations.AlterField(
                model_name='conversation',
                name='type',
                field=models.CharField(default='meeting', max_length=32, verbose_name='type'),
            ),
            migrations.AlterField(
                model_name='conversationgroup',
                name='created_at',
                field=models.DateTimeField(auto_now_add=True, verbose_name='created'),
            ),
            migrations.AlterField(
                model_name='conversationgroup',
                name='criteria',
                field=models.CharField(help_text="An RSQL expression over the conversation's fields.", max_length=2000, verbose_name='criteria'),
            ),
            migrations.AlterField(
                model_name='conversationgroup',
                name='description',
                field=models.CharField(blank=True, default='', max_length=512, verbose_name='description'),
            ),
            migrations.AlterField(
                model_name='conversationgroup',
                name='name',
                field=models.CharField(max_length=128, verbose_name='name'),
            ),
            migrations.AlterField(
                model_name='conversationgroup',
                name='owner',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='conversation_groups', to=settings.AUTH_USER_MODEL, verbose_name='owner'),
            ),
            migrations.AlterField(
                model_name='conversationgroup',
                name='updated_at',
                field=models.DateTimeField(auto_now=True, verbose_name='last changed'),
            ),
            migrations.AlterField(
                model_name='deletion',
                name='at',
                field=models.DateTimeField(verbose_name='time'),
            ),
            migrations.AlterField(
                model_name='deletion',
                name='conversation_id',
                field=models.BigIntegerField(blank=True, null=True, verbose_name='id of the conversation'),
            ),
            migrations.AlterField(
                model_name='deletion',
                name='counts',
                field=models.JSONField(blank=True, default=dict, help_text='How many rows of each kind it concerned.', verbose_name='counts'),
            ),
            migrations.AlterField(
                model_name='deletion',
                name='item_id',
                field=models.UUIDField(blank=True, help_text='The message, insight, member or voice profile.', null=True, verbose_name='id of the item'),
            ),
            migrations.AlterField(
                model_name='deletion',
                name='kind',
                field=models.CharField(choices=[('binned', 'moved to the bin'), ('restored', 'restored from the bin'), ('conversation', 'conversation deleted'), ('message', 'message deleted'), ('insight', 'insight deleted'), ('redaction', 'stored text redacted'), ('member', 'words of a member deleted'), ('account', 'account deleted'), ('voice_profile', 'voice profile deleted')], max_length=16, verbose_name='kind'),
            ),
            migrations.AlterField(
                model_name='deletion',
                name='owner_id',
                field=models.BigIntegerField(blank=True, help_text='The id of the account that had it.', null=True, verbose_name='id of the owner'),
            ),
            migrations.AlterField(
                model_name='deletion',
                name='user',
                field=models.ForeignKey(blank=True, help_text='Empty: retention or a command.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
            ),
            migrations.AlterField(
                model_name='insight',
                name='assignee',
                field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='assigned', to='insights.member', verbose_name='assignee'),
            ),
            migrations.AlterField(
                model_name='insight',
                name='assignee_name',
                field=models.CharField(blank=True, default='', max_length=320, verbose_name='assignee'),
            ),
            migrations.AlterField(
                model_name='insight',
                name='confidence',
                field=models.FloatField(verbose_name='confidence'),
            ),
            migrations.AlterField(
                model_name='insight',
                name='conversation',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='insights', to='insights.conversation', verbose_name='conversation'),
            ),
            migrations.AlterField(
                model_name='insight',
                name='due_at',
                field=models.DateTimeField(blank=True, null=True, verbose_name='due date'),
            ),
            migrations.AlterField(
                model_name='insight',
                name='message',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='insights', to='insights.message', verbose_name='message'),
            ),
            migrations.AlterField(
                model_name='insight',
                name='original_text',
                field=models.TextField(blank=True, default='', help_text='What was found, where a person reworded it.', verbose_name='original text'),
            ),
            migrations.AlterField(
                model_name='insight',
                name='review',
                field=models.CharField(choices=[('pending', 'Pending'), ('accepted', 'Accepted'), ('rejected', 'Rejected')], default='pending', max_length=8, verbose_name='review'),
            ),
            migrations.AlterField(
                model_name='insight',
                name='reviewed_at',
                field=models.DateTimeField(blank=True, null=True, verbose_name='reviewed at'),
            ),
            migrations.AlterField(
                model_name='insight',
                name='reviewed_by',
                field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='reviewed by'),
            ),
            migrations.AlterField(
                model_name='insight',
                name='text',
                field=models.TextField(verbose_name='text'),
            ),
            migrations.AlterField(
                model_name='insight',
                name='type',
                field=models.CharField(choices=insights.insight_kinds.choices, max_length=32, verbose_name='type'),
            ),
            migrations.AlterField(
                model_name='message',
                name='conversation',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='insights.conversation', verbose_name='conversation'),
            ),
            migrations.AlterField(
                model_name='message',
                name='corrected_at',
                field=models.DateTimeField(blank=True, null=True, verbose_name='corrected at'),
            ),
            migrations.AlterField(
                model_name='message',
                name='corrected_by',
                field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='corrected by'),
            ),
            migrations.AlterField(
                model_name='message',
                name='original_text',
                field=models.TextField(blank=True, default='', help_text='What was heard, where the text was changed since.', verbose_name='original text'),
            ),
            migrations.AlterField(
                model_name='message',
                name='text',
                field=models.TextField(verbose_name='text'),
            ),
        ]),
    ]
